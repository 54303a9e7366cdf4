// One Envoy by its name, as the gate knows it: who may be it, what it is to have, and the streams by which it gets it.
#pragma once

#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/metrics.h"
#include "envoy/xds_stream.h"
#include "net/loop.h"

namespace watchword::envoy {

// A node of watchword.yaml.
struct XdsNodeConfig {
  std::string certificate = {};  // DNS name that its client certificate must have, where it comes by TCP
  BootstrapOptions options;      // with `node`
};

// What is shown of a stream, and of a node.
struct XdsStreamHealth {
  std::string address;  // of the peer; empty: by the Unix socket
  XdsForm form;
  std::array<XdsStream::TypeStatus, kXdsTypes.size()> types;  // as kXdsTypes
};
struct XdsNodeHealth {
  std::string name;
  std::vector<XdsStreamHealth> streams;
  std::uint64_t refused = 0;          // responses that were refused, since the gate started
  std::string refusal = {};           // the last of them; printable
  std::optional<Error> trouble = {};  // why what it has is not what policy and files say now
};

// An open stream. What waits for it and what wakes it may be on different threads.
class XdsCall {
 public:
  XdsCall(XdsForm form, std::string address) : stream_(form), address_(std::move(address)) {}

  // Any thread.
  void offer(std::shared_ptr<const XdsSnapshot> snapshot);
  void end(std::optional<Error> why = {});  // the first counts
  XdsStreamHealth health() const;
  // On the stream's loop. Refusals that this request brings are added to `refused`, with the type.
  struct Refusal {
    XdsType type;
    std::string why;
  };
  Result<std::optional<Refusal>> receive(XdsRequest request);
  // The next message, now or once there is one; nullopt: the stream is over. One coroutine.
  net::Task<std::optional<std::string>> next();
  std::optional<Error> why_ended() const;

 private:
  void wake(std::unique_lock<std::mutex> lock);

  mutable std::mutex mutex_;
  XdsStream stream_;
  const std::string address_;
  bool ended_ = false;
  std::optional<Error> why_;
  std::shared_ptr<net::Delivery<bool>> waiting_;  // next() waits for it
};

class XdsNodeState {
 public:
  static constexpr std::size_t kMostStreams = 32;  // replicas of one Envoy have one name

  XdsNodeState(XdsNodeConfig config, Metrics& metrics);
  const XdsNodeConfig& config() const { return config_; }
  const std::string& name() const { return config_.options.node->name; }

  // Any thread. A new snapshot reaches all streams; one that could not be made leaves the last in force.
  void set(std::expected<std::shared_ptr<const XdsSnapshot>, std::vector<Error>> snapshot);
  // Of too many streams the oldest ends: it may be one whose Envoy is long gone.
  void add(const std::shared_ptr<XdsCall>& call);
  void remove(const std::shared_ptr<XdsCall>& call);
  void refused(const XdsCall::Refusal& refusal);
  void end_all();
  XdsNodeHealth health() const;

 private:
  const XdsNodeConfig config_;
  Gauge& open_;
  Gauge& stale_;
  Counter& refusals_;
  mutable std::mutex mutex_;
  std::shared_ptr<const XdsSnapshot> snapshot_;
  std::list<std::shared_ptr<XdsCall>> calls_;
  std::string last_refusal_;
  std::optional<Error> trouble_;
};

}  // namespace watchword::envoy
