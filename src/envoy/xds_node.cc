#include "envoy/xds_node.h"

#include <utility>

#include "base/log.h"

namespace watchword::envoy {

void XdsCall::wake(std::unique_lock<std::mutex> lock) {
  const auto waiting = std::exchange(waiting_, nullptr);
  lock.unlock();
  if (waiting) waiting->deliver(true);
}

void XdsCall::offer(std::shared_ptr<const XdsSnapshot> snapshot) {
  std::unique_lock lock(mutex_);
  stream_.offer(std::move(snapshot));
  wake(std::move(lock));
}

void XdsCall::end(std::optional<Error> why) {
  std::unique_lock lock(mutex_);
  if (!std::exchange(ended_, true)) why_ = std::move(why);
  wake(std::move(lock));
}

XdsStreamHealth XdsCall::health() const {
  const std::lock_guard lock(mutex_);
  XdsStreamHealth health{.address = address_, .form = stream_.form(), .types = {}};
  for (const auto type : kXdsTypes) health.types[std::to_underlying(type)] = stream_.status(type);
  return health;
}

Result<std::optional<XdsCall::Refusal>> XdsCall::receive(XdsRequest request) {
  std::unique_lock lock(mutex_);
  const auto type = request.type;
  const auto before = type ? stream_.status(*type).refused : 0;
  WW_CHECK(stream_.receive(std::move(request)));
  std::optional<Refusal> refusal;
  if (type)
    if (auto status = stream_.status(*type); status.refused > before) refusal = {*type, std::move(status.refusal)};
  wake(std::move(lock));
  return refusal;
}

net::Task<std::optional<std::string>> XdsCall::next() {
  while (true) {
    std::shared_ptr<net::Delivery<bool>> waiting;
    {
      const std::lock_guard lock(mutex_);
      if (auto message = stream_.next()) co_return message;
      if (ended_) co_return std::nullopt;
      waiting = waiting_ = std::make_shared<net::Delivery<bool>>();
    }
    co_await *waiting;
  }
}

std::optional<Error> XdsCall::why_ended() const {
  const std::lock_guard lock(mutex_);
  return why_;
}

XdsNodeState::XdsNodeState(XdsNodeConfig config, Metrics& metrics)
    : config_(std::move(config)),
      open_(metrics.gauge("watchword_envoy_streams", "Open discovery streams by node", {{"node", name()}})),
      stale_(metrics.gauge("watchword_envoy_stale", "1 while a node has not all that the policy says",
                           {{"node", name()}})),
      refusals_(metrics.counter("watchword_envoy_refusals", "Configurations that Envoy refused (NACK) by node",
                                {{"node", name()}})) {}

void XdsNodeState::set(std::expected<std::shared_ptr<const XdsSnapshot>, std::vector<Error>> snapshot) {
  const std::lock_guard lock(mutex_);
  const auto& errors = snapshot ? (*snapshot)->left_out : snapshot.error();
  stale_.set(errors.empty() ? 0 : 1);
  trouble_ = errors.empty() ? std::nullopt : std::optional(errors.front());
  if (!snapshot) return;
  snapshot_ = *std::move(snapshot);
  for (const auto& call : calls_) call->offer(snapshot_);
}

void XdsNodeState::add(const std::shared_ptr<XdsCall>& call) {
  const std::lock_guard lock(mutex_);
  if (calls_.size() >= kMostStreams) {
    calls_.front()->end(
        Error{Reason::http_too_large, "more streams of one node", std::to_string(kMostStreams), {}, {}});
    calls_.pop_front();
    open_.add(-1);
  }
  calls_.push_back(call);
  open_.add(1);
  if (snapshot_) call->offer(snapshot_);
}

void XdsNodeState::remove(const std::shared_ptr<XdsCall>& call) {
  const std::lock_guard lock(mutex_);
  open_.add(-static_cast<std::int64_t>(calls_.remove(call)));
}

void XdsNodeState::refused(const XdsCall::Refusal& refusal) {
  refusals_.add();
  log::warn("Envoy refuses what it was sent, and keeps what it has",
            {{"node", name()}, {"type", name_of(refusal.type)}, {"refusal", refusal.why}});
  const std::lock_guard lock(mutex_);
  last_refusal_ = std::string(name_of(refusal.type)) + ": " + refusal.why;
}

void XdsNodeState::end_all() {
  const std::lock_guard lock(mutex_);
  for (const auto& call : calls_) call->end();
}

XdsNodeHealth XdsNodeState::health() const {
  const std::lock_guard lock(mutex_);
  XdsNodeHealth health{
      .name = name(), .streams = {}, .refused = refusals_.value(), .refusal = last_refusal_, .trouble = trouble_};
  for (const auto& call : calls_) health.streams.push_back(call->health());
  return health;
}

}  // namespace watchword::envoy
