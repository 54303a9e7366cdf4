// The two readers of JSON take the same texts, and make the same values of them.
#include <cstdlib>

#include "base/encoding.h"
#include "base/json.h"
#include "base/json_portable.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = watchword::as_text({data, size});
  const auto one = watchword::parse_json(text);
  const auto other = watchword::parse_json_portable(text);
  if (one.has_value() != other.has_value()) std::abort();
  if (one && (*one != *other || one->dump() != other->dump())) std::abort();
  if (!other && (other.error().found.empty() || !watchword::is_utf8(other.error().found))) std::abort();
  return 0;
}
