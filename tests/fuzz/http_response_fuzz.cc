// HTTP responses: cutting the bytes changes nothing, and what is accepted is written and read back as the same message.
// The first byte chooses the method that is answered.
#include <algorithm>
#include <cstdlib>

#include "base/encoding.h"
#include "http/h1_test_util.h"
#include "http/h1_write.h"

using namespace watchword::http;

namespace {

constexpr std::size_t kMaxInput = 4096;  // the bytewise check is quadratic
constexpr HeadLimits kLimits{256, 1024, 12};
constexpr BodyLimits kBodyLimits{2048, 256, 4, 64};

void expect(bool holds) {
  if (!holds) std::abort();
}

// Without what the writer takes from its arguments.
Headers content_headers(Headers headers) {
  for (const char* name : {"content-length", "connection", "keep-alive", "host", "expect"}) headers.remove(name);
  return headers;
}

void check_head(const ParsedResponse& parsed, std::string_view method) {
  std::string bytes;
  expect(append_response_head(bytes, parsed.head, parsed.framing, parsed.keep_alive).has_value());
  const auto again = ResponseParser({}).parse(bytes, method);
  expect(again && *again && (*again)->consumed == bytes.size());
  const ParsedResponse& read = **again;
  expect(read.head.status == parsed.head.status && read.interim == parsed.interim);
  expect(content_headers(read.head.headers) == content_headers(parsed.head.headers));
  expect(read.framing == parsed.framing && read.keep_alive == parsed.keep_alive);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view method = data[0] == 'H' ? "HEAD" : "GET";
  const std::string_view bytes = watchword::as_text({data + 1, std::min(size - 1, kMaxInput)});
  const std::string whole = testing::response_in_two(bytes, bytes.size(), method, kLimits);
  expect(testing::response_bytewise(bytes, method, kLimits) == whole);
  expect(testing::response_in_two(bytes, bytes.size() / 2, method, kLimits) == whole);
  expect(testing::response_in_two(bytes, bytes.size() / 5, method, kLimits) == whole);

  const auto parsed = ResponseParser(kLimits).parse(bytes, method);
  if (!parsed || !*parsed) return 0;
  check_head(**parsed, method);
  const std::string_view rest = bytes.substr((*parsed)->consumed);
  if ((*parsed)->framing.kind == BodyFraming::Kind::until_close) return 0;
  const std::string body =
      testing::body_in_steps((*parsed)->framing, rest, std::max<std::size_t>(rest.size(), 1), kBodyLimits);
  expect(testing::body_in_steps((*parsed)->framing, rest, 1, kBodyLimits) == body);
  return 0;
}
