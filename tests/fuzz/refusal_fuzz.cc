// Answers that pass a local gate: what is told as a refusal has a reason that a gate has.
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "base/encoding.h"
#include "job/refusal.h"

using namespace watchword;

namespace {

void check(const std::optional<job::Reply>& refusal) {
  if (refusal && !reason_from_name(refusal->body.string_or("reason", ""))) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  check(job::refusal_in(403, text));
  check(job::grpc_refusal_in({200, {{"grpc-status-details-bin", text}}}));
  check(job::grpc_refusal_in({200, {{"grpc-status-details-bin", to_base64(as_bytes(text))}}}));
  return 0;
}
