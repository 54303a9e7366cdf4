// HTTP requests: cutting the bytes changes nothing, and what is accepted is written and read back as the same message.
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
  for (const char* name : {"content-length", "connection", "keep-alive"}) headers.remove(name);
  return headers;
}

void check_head(const ParsedRequest& parsed) {
  std::string bytes;
  expect(append_request_head(bytes, parsed.head, parsed.framing, parsed.keep_alive).has_value());
  const auto again = RequestParser("https", {}).parse(bytes);
  expect(again && *again && (*again)->consumed == bytes.size());
  const ParsedRequest& read = **again;
  expect(read.head.method == parsed.head.method && read.head.target == parsed.head.target);
  expect(read.head.authority == parsed.head.authority);
  expect(content_headers(read.head.headers) == content_headers(parsed.head.headers));
  expect(read.framing == parsed.framing && read.keep_alive == parsed.keep_alive);
}

void check_body(BodyFraming framing, std::string_view rest) {
  const std::string whole = testing::body_in_steps(framing, rest, std::max<std::size_t>(rest.size(), 1), kBodyLimits);
  expect(testing::body_in_steps(framing, rest, 1, kBodyLimits) == whole);
  expect(testing::body_in_steps(framing, rest, 3, kBodyLimits) == whole);

  BodyDecoder decoder(framing, kBodyLimits);
  std::string rewritten;
  std::string content;
  while (!decoder.done()) {
    const auto step = decoder.feed(rest);
    if (!step || (step->consumed == 0 && !step->done)) return;
    append_chunk(rewritten, step->piece);
    content += step->piece;
    rest.remove_prefix(step->consumed);
  }
  expect(content.size() == decoder.received());
  expect(append_last_chunk(rewritten, decoder.trailers()).has_value());
  expect(testing::body_in_steps(BodyFraming::chunked(), rewritten, rewritten.size()) ==
         content + "|" + testing::show(decoder.trailers()) + "|");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes = watchword::as_text({data, std::min(size, kMaxInput)});
  const std::string whole = testing::request_in_two(bytes, bytes.size(), kLimits);
  expect(testing::request_bytewise(bytes, kLimits) == whole);
  expect(testing::request_in_two(bytes, bytes.size() / 2, kLimits) == whole);
  expect(testing::request_in_two(bytes, bytes.size() / 5, kLimits) == whole);

  const auto parsed = RequestParser("https", kLimits).parse(bytes);
  if (parsed && *parsed) {
    if (!(*parsed)->head.wants_tunnel()) check_head(**parsed);  // the client writes those by another way
    check_body((*parsed)->framing, bytes.substr((*parsed)->consumed));
  }
  return 0;
}
