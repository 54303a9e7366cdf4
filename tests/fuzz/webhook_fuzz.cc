// Six headers, one a line ("~" for none), then the body. Nothing is authentic but the delivery that was signed and what
// carries the token; what is authentic has a plain id. The first line is a path too, of which each scope has one.
#include <algorithm>
#include <array>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/encoding.h"
#include "context/webhook_scope.h"

namespace {

using namespace watchword;
using namespace watchword::context;

constexpr std::string_view kToken = "glhook-0123456789abcdef";
constexpr Time kNow{std::chrono::seconds(1'649'367'553)};
// A vector of the Standard Webhooks reference libraries (Rust); corpus/webhook/signed.
constexpr std::string_view kId = "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk", kTimestamp = "1649367553";
constexpr std::string_view kBody = R"({"email":"test@example.com","username":"test_user"})";

void must(bool holds) {
  if (!holds) std::abort();
}

WebhookSecrets secrets() {
  WebhookSecrets all;
  must(add_secret(all, Secret(std::string_view("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"))).has_value());
  must(add_secret(all, Secret(kToken)).has_value());
  return all;
}

void check_refusal(const Error& error) {
  must(error.reason == Reason::webhook_unauthenticated || error.reason == Reason::webhook_stale ||
       error.reason == Reason::request_invalid);
  must(!error.found.empty() && !error.expected.empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const WebhookSecrets known = secrets();
  std::string_view rest = as_text({data, size});
  std::array<std::string, 6> lines;
  for (std::string& line : lines) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  if (const auto scope = HookScope::from_path(lines[0])) must(scope->to_path() == lines[0]);
  const auto header = [&](std::size_t i) { return lines[i] == "~" ? nullptr : &lines[i]; };
  const WebhookHeaders headers{header(0), header(1), header(2), header(3), header(4), header(5)};
  auto incoming = IncomingWebhook::open(known, headers, kNow);
  if (!incoming) {
    check_refusal(incoming.error());
    return 0;
  }
  incoming->add(rest.substr(0, rest.size() / 2));
  incoming->add(rest.substr(rest.size() / 2));
  const auto id = incoming->finish();
  if (!id) {
    must(headers.signature != nullptr && id.error().reason == Reason::webhook_unauthenticated);
    return 0;
  }
  must(!id->empty() && id->size() <= 128 && id->find_first_of(std::string_view(". \n\0", 4)) == std::string::npos);
  if (headers.signature != nullptr)
    must(*id == kId && lines[0] == kId && lines[1] == kTimestamp && rest == kBody);
  else
    must(headers.token != nullptr && *headers.token == kToken);
  return 0;
}
