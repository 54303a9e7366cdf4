// Envoy's questions: what is read is a request as http::RequestHead promises, whatever the bytes were.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/encoding.h"
#include "envoy/check_request.h"
#include "http/chars.h"
#include "http/uri.h"

using namespace watchword;

namespace {

void expect(bool holds) {
  if (!holds) std::abort();
}

void check(const envoy::CheckRequest& asked) {
  expect(asked.peer.address.size() <= 47);
  if (asked.malformed) return;
  const auto& request = asked.request;
  expect(http::is_token(request.method) && http::is_target(request.target));
  expect(request.scheme == "http" || request.scheme == "https");
  const auto authority = http::parse_authority(request.authority);
  expect(authority && authority->host == request.host());
  expect(request.headers.size() <= 200);
  for (const auto& header : request.headers) {
    expect(http::is_token(header.name) && !http::has_control(header.value) && header.name != "host");
    for (const char c : header.name) expect(http::token_lower(c) == c);
  }
  for (const auto* name : {"authorization", "dpop"})
    if (request.headers.count(name) == 1) expect(!request.headers.find(name)->contains(','));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (const auto asked = envoy::read_check_request(as_text({data, size}))) check(*asked);
  return 0;
}
