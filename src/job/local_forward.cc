#include "job/local_forward.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "http/grpc.h"
#include "http/hop_by_hop.h"
#include "http/uri.h"
#include "job/local_caller.h"

namespace watchword::job {
namespace {

// Credentials are the gate's business; `expect` is answered here.
bool is_dropped(const http::Header& header) {
  constexpr std::array<std::string_view, 5> kNames = {"authorization", "proxy-authorization", "dpop", "expect",
                                                      kRunHeader};
  return std::ranges::find(kNames, header.name) != kNames.end();
}

// `rest` of a URL or path whose beginning was cut off: what stands there is another name, or another port, unless a
// path, a query or nothing follows.
bool at_boundary(std::string_view rest) {
  return rest.empty() || rest.front() == '/' || rest.front() == '?' || rest.front() == '#';
}

// `text` with another beginning, where it begins with `from`.
std::string moved(std::string_view text, std::string_view from, std::string_view to) {
  if (!text.starts_with(from) || !at_boundary(text.substr(from.size()))) return std::string(text);
  return std::string(to).append(text.substr(from.size()));
}

// "/SECRET", or empty for a caller that showed it as a header.
std::string_view path_in(std::string_view local) {
  const auto authority = local.find("://") + 3;
  return local.substr(std::min(local.find('/', authority), local.size()));
}

// An address that the caller tells of its own, Referer or WebDAV's Destination; none where it would show the secret.
std::optional<std::string> told_to_gate(std::string_view address, const Site& site, std::string_view local) {
  auto there = moved(address, local, site.root() + site.prefix);
  const auto secret = path_in(local);
  if (!secret.empty() && there.contains(secret)) return std::nullopt;
  return there;
}

std::string location_here(std::string_view location, const Site& site, std::string_view local) {
  if (location.starts_with("//")) {
    const auto there = site.root().substr(site.origin.scheme.size() + 1) + site.prefix;
    return moved(location, there, local);
  }
  if (!location.starts_with('/')) return moved(location, site.root() + site.prefix, local);
  return moved(location, site.prefix, path_in(local));
}

}  // namespace

Result<Site> Site::of(const std::string& url) {
  WW_TRY(auto parsed, http::parse_url(url));
  const auto authority = url.find("://") + 3;
  WW_TRY(auto origin, http::parse_origin(url.substr(0, url.find_first_of("/?", authority))));
  if (origin.scheme != "https" && !origin.address.loopback())
    return std::unexpected(Error{Reason::gate_untrusted,
                                 url,
                                 "https, or http on loopback",
                                 {},
                                 "give the gateway a certificate, and its https URL to the gate's configuration"});
  auto prefix = std::move(parsed.path);
  while (prefix.ends_with('/')) prefix.pop_back();
  return Site{std::move(origin), std::move(prefix)};
}

Result<http::RequestHead> to_gate(http::RequestHead request, const Site& site, std::string_view local) {
  if (!site.prefix.empty()) WW_CHECK(http::normalise_path(request.path()));
  http::RequestHead head{request.method, site.origin.scheme, site.origin.authority, site.prefix + request.target, {}};
  head.protocol = std::move(request.protocol);
  http::remove_hop_by_hop(request.headers);
  for (const auto& header : request.headers) {
    if (is_dropped(header)) continue;
    if (header.name == "origin") {
      head.headers.add(header.name, site.root());  // the caller's own: others are refused
    } else if (header.name == "referer" || header.name == "destination") {
      if (auto address = told_to_gate(header.value, site, local)) head.headers.add(header.name, *std::move(address));
    } else {
      head.headers.add(header);
    }
  }
  if (http::is_grpc(head.headers)) head.headers.add("te", "trailers");
  return head;
}

void trailers_to_gate(http::Headers& trailers) {
  http::remove_hop_by_hop(trailers);
  trailers.remove_if(is_dropped);
}

http::ResponseHead to_caller(http::ResponseHead response, const Site& site, std::string_view local) {
  http::remove_hop_by_hop(response.headers);
  for (const auto* name : {"location", "content-location"})
    if (const auto* value = response.headers.find(name)) response.headers.set(name, location_here(*value, site, local));
  return response;
}

}  // namespace watchword::job
