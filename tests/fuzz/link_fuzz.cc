// Link headers: what is found stands in the header as a target, between angle brackets.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "http/link.h"

using namespace watchword;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::string next = http::next_link(text);
  if (!next.empty() && text.find("<" + next + ">") == std::string_view::npos) std::abort();
  return 0;
}
