// Envoy's discovery, in both forms: whatever the bytes were, what is read of a request is within the limits, and a
// stream that has taken it comes to rest.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "base/encoding.h"
#include "envoy/xds_stream.h"

using namespace watchword;
using envoy::XdsForm;
using envoy::XdsLimits;

namespace {

void expect(bool holds) {
  if (!holds) std::abort();
}

std::shared_ptr<const envoy::XdsSnapshot> snapshot_of(std::string_view version) {
  auto snapshot = std::make_shared<envoy::XdsSnapshot>();
  for (const auto type : envoy::kXdsTypes) {
    auto& set = snapshot->sets.at(static_cast<std::size_t>(type));
    set.version = version;
    for (const auto* name : {"a", "b", "watchword"})
      set.resources.emplace(name, envoy::XdsResource{std::string(version), Secret(std::string(name))});
  }
  return snapshot;
}

void check(const std::vector<std::string>& names) {
  expect(names.size() <= XdsLimits::kNames);
  for (const auto& name : names) expect(name.size() <= XdsLimits::kNameBytes);
}

void check(const envoy::XdsRequest& request) {
  check(request.names);
  check(request.unsubscribed);
  expect(request.has.size() <= XdsLimits::kNames);
  expect(!request.refusal || request.refusal->size() <= XdsLimits::kErrorBytes);
}

// Each type has at most one response on its way.
void expect_rest(envoy::XdsStream& stream) {
  std::size_t told = 0;
  while (stream.next()) ++told;
  expect(told <= envoy::kXdsTypes.size());
}

void run(XdsForm form, std::string_view bytes) {
  envoy::XdsStream stream(form);
  stream.offer(snapshot_of("1"));
  while (!bytes.empty()) {  // messages, each after a byte with its length
    const auto size = static_cast<std::uint8_t>(bytes.front());
    const auto message = bytes.substr(1, size);
    bytes.remove_prefix(1 + message.size());
    auto request = envoy::read_xds_request(form, message);
    if (!request) continue;
    check(*request);
    if (!stream.receive(*std::move(request))) return;
    expect_rest(stream);
  }
  stream.offer(snapshot_of("2"));
  expect_rest(stream);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = as_text({data, size});
  for (const auto form : {XdsForm::sotw, XdsForm::delta}) {
    if (const auto request = envoy::read_xds_request(form, bytes)) check(*request);
    run(form, bytes);
  }
  return 0;
}
