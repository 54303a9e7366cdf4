#include "access/request_origin.h"

#include <algorithm>
#include <array>

#include "base/encoding.h"

namespace watchword::access {
namespace {

constexpr std::size_t kMaxRequestId = 128;
constexpr std::size_t kTraceParentSize = 55;  // 00-<32>-<16>-<2>

bool is_lower_hex(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool is_zero(std::string_view text) { return text.find_first_not_of('0') == std::string_view::npos; }

bool is_request_id(std::string_view text) {
  constexpr std::string_view kAllowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
  return !text.empty() && text.size() <= kMaxRequestId && text.find_first_not_of(kAllowed) == std::string_view::npos;
}

template <std::size_t bytes>
std::string random_hex(Random& random) {
  std::array<std::uint8_t, bytes> raw{};
  random.fill(raw);
  raw.back() |= 1;  // never all zero
  return to_hex(raw);
}

// A name that stands twice names nothing.
const std::string* only(const http::Headers& headers, std::string_view name) {
  return headers.count(name) == 1 ? headers.find(name) : nullptr;
}

std::string peer_text(const net::Peer& peer) {
  if (peer.uid) return "unix:uid=" + std::to_string(*peer.uid);
  return peer.address.empty() ? "unix" : peer.address + ":" + std::to_string(peer.port);
}

}  // namespace

std::optional<TraceParent> parse_traceparent(std::string_view text) {
  if (text.size() < kTraceParentSize) return std::nullopt;
  auto version = text.substr(0, 2), trace = text.substr(3, 32), parent = text.substr(36, 16),
       flags = text.substr(53, 2);
  if (text[2] != '-' || text[35] != '-' || text[52] != '-') return std::nullopt;
  for (auto part : {version, trace, parent, flags})
    if (!is_lower_hex(part)) return std::nullopt;
  if (version == "ff" || is_zero(trace) || is_zero(parent)) return std::nullopt;
  if (text.size() > kTraceParentSize && (version == "00" || text[kTraceParentSize] != '-')) return std::nullopt;
  constexpr std::string_view kOdd = "13579bdf";  // the lowest bit of the flags
  return TraceParent{std::string(trace), std::string(parent), kOdd.find(flags[1]) != std::string_view::npos};
}

Origin origin_of(const http::RequestHead& request, const net::Peer& peer, Random& random) {
  Origin origin;
  const auto* id = only(request.headers, "x-request-id");
  origin.request_id = id && is_request_id(*id) ? *id : random_token(random);
  const auto* traceparent = only(request.headers, "traceparent");
  auto trace = traceparent ? parse_traceparent(*traceparent) : std::nullopt;
  origin.trace = trace ? trace->trace_id : random_hex<16>(random);
  origin.sampled = trace && trace->sampled;
  origin.peer = peer_text(peer);
  return origin;
}

std::string traceparent_of(const Origin& origin, Random& random) {
  return "00-" + origin.trace + "-" + random_hex<8>(random) + (origin.sampled ? "-01" : "-00");
}

}  // namespace watchword::access
