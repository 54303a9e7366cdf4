// Requests and responses of both forms of Envoy's discovery, on the wire (envoy.service.discovery.v3).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "envoy/xds_snapshot.h"

namespace watchword::envoy {

struct XdsLimits {
  static constexpr std::size_t kMessage = 1 << 20, kNames = 10'000, kNameBytes = 512, kErrorBytes = 1024;
  static constexpr std::size_t kNodeBytes = 64;  // of a node's id, as of the names in envoy.nodes
};

struct XdsRequest {
  std::string node;                        // of the first message at least
  std::optional<XdsType> type;             // none: one that the gate has nothing of
  std::string nonce;                       // of the response that is answered; empty: none is
  std::optional<std::string> refusal;      // why that was not taken, for people
  std::vector<std::string> names;          // sotw: all that it wants; delta: what it wants from now on
  std::vector<std::string> unsubscribed;   // delta
  std::map<std::string, std::string> has;  // delta: versions by name, from before this stream
};
// http_malformed; http_too_large for what is beyond XdsLimits.
Result<XdsRequest> read_xds_request(XdsForm form, std::string_view message);

// Borrows what it names.
struct XdsResponse {
  XdsType type;
  std::string version, nonce;
  std::vector<std::pair<std::string_view, const XdsResource*>> resources;
  std::vector<std::string> removed;  // delta
};
std::string to_message(XdsForm form, const XdsResponse& response);  // may hold keys: wipe it

}  // namespace watchword::envoy
