#include "envoy/bootstrap_headers.h"

#include <algorithm>
#include <array>
#include <vector>

#include "access/identity_headers.h"

namespace watchword::envoy {
namespace {

// `authorization` and `dpop` the gate must read: it has them removed with its answer, and the virtual hosts remove them
// once more. The others Envoy needs, or makes anew.
constexpr std::array<std::string_view, 5> kKept = {"authorization", "dpop", "expect", "traceparent", "tracestate"};
// All names that may once be the gate's.
constexpr std::string_view kOurs = "watchword-";

std::vector<ForgedHeader> all_but(std::span<const std::string_view> kept) {
  std::vector<ForgedHeader> all;
  for (const auto prefix : access::identity_header_prefixes()) all.push_back({prefix, true});
  all.push_back({kOurs, true});
  for (const auto name : access::identity_headers()) {
    if (!name.starts_with(kOurs) && std::ranges::find(kept, name) == kept.end()) all.push_back({name});
  }
  std::ranges::sort(all, {}, &ForgedHeader::name);
  return all;
}

// Header names are compared in lower case by Envoy, whatever the client sent.
bool covers(const Json& mutation, const ForgedHeader& header) {
  if (mutation.find_string("remove") != nullptr)
    return !header.prefix && *mutation.find_string("remove") == header.name;
  const Json* match = mutation.find("remove_on_match");
  const Json* key = match != nullptr ? match->find("key_matcher") : nullptr;
  if (key == nullptr) return false;
  if (const auto* prefix = key->find_string("prefix"); prefix != nullptr) return header.name.starts_with(*prefix);
  const auto* exact = key->find_string("exact");
  return exact != nullptr && !header.prefix && *exact == header.name;
}

}  // namespace

std::span<const ForgedHeader> forged_headers() {
  static const auto kForged = all_but(kKept);
  return kForged;
}

std::span<const ForgedHeader> forged_trailers() {
  static const auto kForged = all_but({});
  return kForged;
}

Json remove_all(std::span<const ForgedHeader> headers) {
  Json list = Json::array();
  for (const auto& header : headers) {
    auto key = Json::object({{header.prefix ? "prefix" : "exact", header.name}});
    list.push(Json::object({{"remove_on_match", Json::object({{"key_matcher", std::move(key)}})}}));
  }
  return list;
}

bool removes(const Json& mutations, const ForgedHeader& header) {
  return mutations.array_items() != nullptr &&
         std::ranges::any_of(*mutations.array_items(), [&](const Json& one) { return covers(one, header); });
}

}  // namespace watchword::envoy
