// Whatever the reader accepts, the writer writes so that it reads back equal and writes the same again.
#include <cstdlib>
#include <string_view>

#include "base/encoding.h"
#include "base/json.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto first = watchword::parse_json(watchword::as_text({data, size}));
  if (!first) {
    if (first.error().found.empty() || !watchword::is_utf8(first.error().found)) std::abort();
    return 0;
  }
  const std::string written = first->dump();
  const watchword::JsonLimits unlimited{.max_bytes = written.size()};  // \u0001 may be longer than what was read
  const auto second = watchword::parse_json(written, unlimited);
  if (!second || *second != *first || second->dump() != written) std::abort();
  const std::string pretty = first->pretty();
  const auto third = watchword::parse_json(pretty, {.max_bytes = pretty.size()});
  if (!third || *third != *first) std::abort();
  return 0;
}
