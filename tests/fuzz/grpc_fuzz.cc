// gRPC frames: the messages are the same wherever the pieces end, and frame to what they were cut from.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "base/encoding.h"
#include "http/grpc.h"

using namespace watchword::http;

namespace {

constexpr std::size_t kMax = 64;

// The messages of `body`, fed in pieces; the last is "!" after an error.
std::vector<std::string> cut(std::string_view body, std::size_t piece) {
  GrpcMessages messages(kMax);
  std::vector<std::string> found;
  while (!body.empty()) {
    const auto part = body.substr(0, piece);
    body.remove_prefix(part.size());
    messages.feed(part);
    while (true) {
      const auto next = messages.next();
      if (!next) {
        found.emplace_back("!");
        return found;
      }
      if (!*next) break;
      if ((*next)->size() > kMax) std::abort();
      found.push_back(**next);
    }
  }
  return found;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view body = watchword::as_text({data, size});
  auto whole = cut(body, body.size() + 1);
  if (whole != cut(body, 1) || whole != cut(body, 7)) std::abort();
  if (!whole.empty() && whole.back() == "!") whole.pop_back();
  std::string framed;
  for (const auto& message : whole) framed += grpc_frame(message);
  if (!body.starts_with(framed)) std::abort();
  return 0;
}
