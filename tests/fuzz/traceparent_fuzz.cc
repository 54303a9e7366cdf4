// traceparent headers: what is read is written back as a valid header of the same trace.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "access/request_origin.h"

using namespace watchword;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto parent = access::parse_traceparent(text);
  if (!parent) return 0;
  SeededRandom random(1);
  access::Origin origin{"", parent->trace_id, "", parent->sampled};
  const auto again = access::parse_traceparent(access::traceparent_of(origin, random));
  if (!again || again->trace_id != parent->trace_id || again->sampled != parent->sampled) std::abort();
  return 0;
}
