// Envoy's aggregated discovery (envoy.service.discovery.v3.AggregatedDiscoveryService): listeners, routes, clusters and
// secrets, as the policy has them, for the Envoys that watchword.yaml names. docs/envoy-xds.md is its manual.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "access/recorder.h"
#include "base/metrics.h"
#include "base/random.h"
#include "envoy/xds_node.h"
#include "http/handler.h"

namespace watchword::envoy {

class Discovery : public http::Handler {
 public:
  static constexpr std::string_view kPath = "/envoy.service.discovery.v3.";

  // The others outlive it.
  static std::unique_ptr<Discovery> make(std::vector<XdsNodeConfig> nodes, access::Recorder& recorder, Metrics& metrics,
                                         Random& random);
  // Brings each node up to this policy, and its open streams within moments. What cannot be rendered or read for a node
  // leaves that one as it is: its trouble is logged and shown. Any thread.
  virtual void set_policy(std::shared_ptr<const policy::Policy> policy) = 0;
  // The same for certificates, keys and authorities whose files have changed since, as far as cheap looks can tell.
  virtual void keep_fresh() = 0;
  virtual std::vector<XdsNodeHealth> health() const = 0;
  // Ends all streams, and new ones at once, so that a drain need not wait for them. Any thread.
  virtual void stop() = 0;
};

}  // namespace watchword::envoy
