#include "envoy/xds_refusals.h"

#include <algorithm>
#include <utility>

#include "base/log.h"

namespace watchword::envoy {
namespace {

constexpr std::size_t kNamesOnRecord = 8;  // of a certificate

}  // namespace

XdsRefusals::XdsRefusals(access::Recorder& recorder, Metrics& metrics, Random& random)
    : recorder_(recorder),
      random_(random),
      count_(metrics.counter("watchword_envoy_unknown_nodes",
                             "Discovery streams of nodes that are unknown, or are not who they say")) {}

void XdsRefusals::note(const http::Exchange& exchange, const Error& refusal) {
  count_.add();
  const auto& peer = exchange.peer;
  auto entry = recorder_.start(audit::Event::node_refused, access::origin_of(exchange.request, peer, random_));
  if (!is_due(refusal.found, peer.address, entry.time)) return;
  access::Recorder::describe(entry, refusal);
  if (!peer.names.empty()) {
    auto names = Json::array();
    for (std::size_t i = 0; i < std::min(peer.names.size(), kNamesOnRecord); ++i) names.push(peer.names[i]);
    entry.detail.set("certificate", std::move(names));
  }
  log::warn("a discovery stream is refused",
            {{"node", refusal.found}, {"peer", entry.peer}, {"reason", to_string(refusal)}});
  auto told = recorder_.queue_refusal(std::move(entry), refusal, false);
  if (told.error.reason != refusal.reason) log::error("a refused Envoy could not be recorded", told.error);
}

bool XdsRefusals::is_due(const std::string& name, const std::string& address, Time now) {
  const std::lock_guard lock(mutex_);
  if (last_.size() >= kMostKnown) std::erase_if(last_, [now](const auto& one) { return now - one.second >= kOncePer; });
  if (last_.size() >= kMostKnown && !last_.contains({name, address})) return false;
  const auto [last, first] = last_.try_emplace({name, address}, now);
  if (!first && now - last->second < kOncePer) return false;
  last->second = now;
  return true;
}

}  // namespace watchword::envoy
