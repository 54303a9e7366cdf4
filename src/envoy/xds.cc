#include "envoy/xds.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <utility>

#include "base/file_stamp.h"
#include "base/log.h"
#include "base/text.h"
#include "envoy/grpc_call.h"
#include "envoy/xds_refusals.h"
#include "http/grpc_stream.h"

namespace watchword::envoy {
namespace {

constexpr std::string_view kSotw = "/envoy.service.discovery.v3.AggregatedDiscoveryService/StreamAggregatedResources";
constexpr std::string_view kDelta = "/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources";

std::vector<std::string> files_of(const NodeParts& parts) {
  std::vector<std::string> files;
  for (const auto& secret : parts.secrets)
    for (const auto* file : {&secret.certificate, &secret.key, &secret.ca})
      if (!file->empty()) files.push_back(*file);
  return files;
}

// Over a Unix socket its permissions are the credential, as the configuration has seen to it that TCP is TLS.
bool may_be(const net::Peer& peer, const XdsNodeConfig& node) {
  if (peer.uid) return true;
  return !node.certificate.empty() && std::ranges::find(peer.names, node.certificate) != peer.names.end();
}

// One call: its streams of bytes and of meaning. The reader shares it, as it may outlive the call by a moment.
struct Open {
  Open(http::Exchange& exchange, XdsForm its_form)
      : form(its_form),
        wire(exchange, XdsLimits::kMessage),
        call(std::make_shared<XdsCall>(its_form, exchange.peer.address)) {}
  const XdsForm form;
  http::GrpcStream wire;
  std::shared_ptr<XdsCall> call;
};

class DiscoveryImpl final : public Discovery {
 public:
  DiscoveryImpl(std::vector<XdsNodeConfig> nodes, access::Recorder& recorder, Metrics& metrics, Random& random)
      : salt_(random_token(random, 32)), refusals_(recorder, metrics, random) {
    for (auto& node : nodes) {
      const auto name = node.options.node->name;
      nodes_.emplace(name, std::make_unique<XdsNodeState>(std::move(node), metrics));
    }
  }

  void set_policy(std::shared_ptr<const policy::Policy> policy) override {
    const std::lock_guard lock(mutex_);
    policy_ = std::move(policy);
    for (auto& [name, node] : nodes_) bring_up(*node);
  }

  void keep_fresh() override {
    const std::lock_guard lock(mutex_);
    if (!policy_) return;
    for (auto& [name, node] : nodes_) {
      const auto& seen = stamps_[name];
      if (std::ranges::any_of(seen, [](const auto& one) { return stamp_of(one.first) != one.second; })) bring_up(*node);
    }
  }

  std::vector<XdsNodeHealth> health() const override {
    std::vector<XdsNodeHealth> all;
    for (const auto& [name, node] : nodes_) all.push_back(node->health());
    return all;
  }

  void stop() override {
    stopped_ = true;
    for (auto& [name, node] : nodes_) node->end_all();
  }

  net::Task<void> handle(http::Exchange& exchange) override {
    const auto& request = exchange.request;
    if (!calls(request, kSotw) && !calls(request, kDelta)) co_return co_await answer_no_call(exchange, kSotw);
    const auto open = std::make_shared<Open>(exchange, request.target == kSotw ? XdsForm::sotw : XdsForm::delta);
    auto first = co_await next_request(*open);
    if (!first) co_return co_await refuse(exchange, std::move(first).error());
    auto* node = find(first->node, exchange.peer);
    if (node == nullptr)
      co_return co_await refuse(exchange, {Reason::envoy_node_unknown, printable(first->node), {}, {}, {}});
    node->add(open->call);
    if (stopped_) open->call->end();  // it may have missed end_all()
    if (take(*open, *node, *std::move(first))) net::spawn(read(open, *node));
    co_await write(*open);
    node->remove(open->call);
  }

 private:
  // Under mutex_. Files are looked at before they are read: a change in between is seen the next time.
  std::expected<std::shared_ptr<const XdsSnapshot>, std::vector<Error>> snapshot_for(const XdsNodeState& node) {
    auto& seen = stamps_[node.name()];
    seen.clear();
    const auto parts = render_node(*policy_, node.config().options);
    if (!parts) return std::unexpected(parts.error());
    for (auto& file : files_of(*parts)) {
      const auto stamp = stamp_of(file);
      seen.emplace(std::move(file), stamp);
    }
    return make_snapshot(*parts, salt_);
  }

  void bring_up(XdsNodeState& node) {
    auto snapshot = snapshot_for(node);
    if (snapshot)
      for (const auto& error : (*snapshot)->left_out)
        log::error("Envoy node " + node.name() + " does not serve a resource of the policy", error);
    if (!snapshot)
      for (const auto& error : snapshot.error())
        log::error("Envoy node " + node.name() + " is not brought up to the policy; it keeps what it has", error);
    node.set(std::move(snapshot));
  }

  XdsNodeState* find(const std::string& name, const net::Peer& peer) const {
    const auto found = nodes_.find(name);
    const bool known = found != nodes_.end() && may_be(peer, found->second->config());
    return known ? found->second.get() : nullptr;
  }

  net::Task<void> refuse(http::Exchange& exchange, Error error) {
    if (error.reason == Reason::envoy_node_unknown) refusals_.note(exchange, error);
    static_cast<void>(co_await http::send_grpc_refusal(exchange.reply, error));
  }

  static net::Task<Result<XdsRequest>> next_request(Open& open) {
    WW_CO_TRY(const auto message, co_await open.wire.next());
    if (!message) co_return fail(Reason::connection_closed, "the end of the requests");
    co_return read_xds_request(open.form, *message);
  }

  static bool take(Open& open, XdsNodeState& node, XdsRequest request) {
    auto refusal = open.call->receive(std::move(request));
    if (!refusal) {
      open.call->end(std::move(refusal).error());
      return false;
    }
    if (*refusal) node.refused(**refusal);
    return true;
  }

  static net::Task<void> read(std::shared_ptr<Open> open, XdsNodeState& node) {
    while (true) {
      auto request = co_await next_request(*open);
      if (!request) co_return open->call->end(std::move(request).error());
      if (!take(*open, node, *std::move(request))) co_return;
    }
  }

  static net::Task<void> write(Open& open) {
    while (auto message = co_await open.call->next()) {
      const auto sent = co_await open.wire.send(*message);
      wipe(*message);
      if (!sent) co_return;
    }
    const auto why = open.call->why_ended();
    const auto code = why ? http::grpc_code(why->reason) : http::GrpcCode::unavailable;
    static_cast<void>(co_await open.wire.finish(code, why ? to_string(*why) : "the gate is stopping"));
  }

  const std::string salt_;
  XdsRefusals refusals_;
  std::map<std::string, std::unique_ptr<XdsNodeState>, std::less<>> nodes_;  // made once
  std::atomic<bool> stopped_{false};
  std::mutex mutex_;  // guards what follows
  std::shared_ptr<const policy::Policy> policy_;
  std::map<std::string, std::map<std::string, FileStamp>, std::less<>> stamps_;  // by node and file
};

}  // namespace

std::unique_ptr<Discovery> Discovery::make(std::vector<XdsNodeConfig> nodes, access::Recorder& recorder,
                                           Metrics& metrics, Random& random) {
  return std::make_unique<DiscoveryImpl>(std::move(nodes), recorder, metrics, random);
}

}  // namespace watchword::envoy
