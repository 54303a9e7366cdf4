// Envoy's access log: whatever the bytes were, what is kept of an entry is bounded, and its record's id is one.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/encoding.h"
#include "envoy/access_log_entry.h"

using namespace watchword;

namespace {

void expect(bool holds) {
  if (!holds) std::abort();
}

void check(const envoy::LogEntry& entry) {
  if (entry.kind != envoy::LogEntry::Kind::done) return expect(entry.record.empty());
  expect(entry.record.size() == 26 && (entry.session.empty() || entry.session.size() == 26));
  expect(entry.resource.size() <= 256 && entry.action.size() <= 256);
  expect(entry.detail.dump().size() <= 8192);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = as_text({data, size});
  check(envoy::read_log_entry(bytes));
  const auto message = envoy::read_log_message(bytes);
  if (!message) return 0;
  expect(message->http.size() <= envoy::kMaxLogEntries);
  for (const auto& entry : message->http) check(envoy::read_log_entry(entry));
  return 0;
}
