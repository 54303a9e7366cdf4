// Envoy's calls of ext_proc: what is read is a request as http::RequestHead promises, whatever the bytes were.
#include <cstdint>
#include <cstdlib>

#include "base/encoding.h"
#include "envoy/ext_proc_message.h"
#include "http/chars.h"
#include "http/uri.h"

using namespace watchword;

namespace {

void expect(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto message = as_text({data, size});
  const auto asked = envoy::read_request_headers(message, "billing-api");
  // One call cannot be both: the first message is about headers, later ones never are.
  if (asked) expect(envoy::read_later(message) == envoy::LaterMessage::other);
  if (!asked) return 0;
  expect(asked->resource == "billing-api" && asked->peer.address.size() <= 47);
  if (asked->malformed) return 0;
  const auto& request = asked->request;
  expect(http::is_token(request.method) && http::is_target(request.target));
  expect(http::parse_authority(request.authority).has_value());
  for (const auto& header : request.headers) expect(http::is_token(header.name) && !http::has_control(header.value));
  return 0;
}
