#include "job/local_caller.h"

#include <algorithm>
#include <array>

namespace watchword::job {
namespace {

std::unexpected<Error> refused(std::string found, std::string expected) {
  return fail(Reason::local_caller_refused, std::move(found), std::move(expected));
}

// A page whose name was made to mean this host (DNS rebinding) still names itself here.
Status check_host(const http::RequestHead& request) {
  constexpr std::array<std::string_view, 3> kOwn = {"127.0.0.1", "localhost", "[::1]"};
  if (std::ranges::find(kOwn, request.host()) != kOwn.end()) return {};
  return refused("a request to host " + std::string(request.host()), "127.0.0.1, localhost or [::1]");
}

// What browsers say of a request that a page of another site makes (RFC 6454, W3C Fetch Metadata).
Status check_site(const http::RequestHead& request) {
  const auto own = request.scheme + "://" + request.authority;
  for (const auto& [name, value] : request.headers) {
    if (name == "origin" && value != own) return refused("a request by a page of " + value, "none of another site's");
    if (name == "sec-fetch-site" && value != "same-origin" && value != "none")
      return refused("a request that a browser calls " + value, "none of another site's");
  }
  return {};
}

// The length of "/SECRET" at the beginning of the target; 0: it does not stand there.
std::size_t secret_in_path(std::string_view target, std::string_view secret) {
  if (!target.starts_with('/')) return 0;
  const auto segment = target.substr(1, target.find_first_of("/?", 1) - 1);
  return equal_constant_time(segment, secret) ? 1 + secret.size() : 0;
}

// Once, and right, or not at all.
Result<bool> secret_in_header(const http::Headers& headers, std::string_view secret) {
  const auto* shown = headers.find(kRunHeader);
  if (shown == nullptr) return false;
  if (headers.count(kRunHeader) == 1 && equal_constant_time(*shown, secret)) return true;
  return refused("another Watchword-Run header", "the run's own, once");
}

}  // namespace

Result<std::string> admit(http::RequestHead& request, const Secret& run_secret, By by) {
  if (by == By::tcp) WW_CHECK(check_host(request));
  WW_CHECK(check_site(request));
  const auto secret = run_secret.reveal();
  WW_TRY(const bool in_header, secret_in_header(request.headers, secret));
  const auto in_path = secret_in_path(request.target, secret);
  if (secret.empty() || (!in_header && in_path == 0))
    return refused("no secret of this run", "the whole URL that 'watchword exec' sets, or its Watchword-Run header");
  auto base = request.target.substr(0, in_path);
  request.headers.remove(kRunHeader);
  request.target.erase(0, in_path);
  if (in_path > 0 && !request.target.starts_with('/')) request.target.insert(0, "/");
  return base;
}

}  // namespace watchword::job
