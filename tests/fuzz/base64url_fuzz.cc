// A text that decodes is the only text of its bytes; any bytes survive the way there and back.
#include <cstdlib>

#include "base/encoding.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace watchword;
  const ByteView bytes{data, size};
  if (const auto decoded = from_base64url(as_text(bytes));
      decoded && to_base64url(as_bytes(*decoded)) != as_text(bytes))
    std::abort();
  if (const auto decoded = from_base64(as_text(bytes)); decoded && to_base64(as_bytes(*decoded)) != as_text(bytes))
    std::abort();
  if (from_base64url(to_base64url(bytes)).value_or("?") != as_text(bytes)) std::abort();
  if (from_base64(to_base64(bytes)).value_or("?") != as_text(bytes)) std::abort();
  if (from_hex(to_hex(bytes)).value_or("?") != as_text(bytes)) std::abort();
  return 0;
}
