#include "envoy/xds_stream.h"

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace watchword::envoy {
namespace {

constexpr std::string_view kEverything = "*";

// Of these, asking for no name means asking for all.
bool has_wildcard(XdsType type) { return type == XdsType::cluster || type == XdsType::listener; }

Status too_many() {
  return fail(Reason::http_too_large, "names of more resources", "at most " + std::to_string(XdsLimits::kNames));
}

}  // namespace

Status XdsStream::receive(XdsRequest request) {
  if (!request.type) return {};
  auto& subscription = subscriptions_[std::to_underlying(*request.type)];
  const bool answers = !request.nonce.empty();
  const bool answers_last = answers && request.nonce == subscription.nonce;
  if (answers_last && std::exchange(subscription.waiting, false)) {
    subscription.refusal = printable(request.refusal.value_or(""));
    if (!request.refusal) {
      subscription.taken = subscription.sent;
    } else {
      ++subscription.refused;
      if (subscription.refusal.empty()) subscription.refusal = "no reason given";
    }
  }
  if (form_ == XdsForm::delta) return want_delta(subscription, *request.type, request);
  // The answer to a response that another has overtaken says nothing of what is wanted now.
  if (answers && !answers_last) return {};
  return want_sotw(subscription, *request.type, request);
}

Status XdsStream::want_sotw(Subscription& subscription, XdsType type, XdsRequest& request) const {
  std::set<std::string, std::less<>> names(std::make_move_iterator(request.names.begin()),
                                           std::make_move_iterator(request.names.end()));
  subscription.named = subscription.named || !names.empty();
  const bool everything = names.erase(std::string(kEverything)) > 0 || (has_wildcard(type) && !subscription.named);
  const bool more = !std::ranges::includes(subscription.names, names) || (everything && !subscription.everything);
  const bool first = !std::exchange(subscription.asked, true);
  subscription.due = subscription.due || more || first;
  subscription.everything = everything;
  subscription.names = std::move(names);
  return {};
}

Status XdsStream::want_delta(Subscription& subscription, XdsType type, XdsRequest& request) const {
  const bool first = !std::exchange(subscription.asked, true);
  if (first) {
    subscription.due = true;
    subscription.everything = has_wildcard(type) && request.names.empty();
    for (auto& [name, version] : request.has) subscription.told.emplace(name, std::move(version));
  }
  for (auto& name : request.names) {
    if (name == kEverything) {
      const bool was_all = std::exchange(subscription.everything, true);
      subscription.due = subscription.due || !was_all;
      continue;
    }
    if (!first) subscription.told.erase(name);  // asked for again, it is told again
    subscription.names.insert(std::move(name));
  }
  for (const auto& name : request.unsubscribed) {
    if (name == kEverything) subscription.everything = false;
    subscription.names.erase(name);
    if (!subscription.everything) subscription.told.erase(name);
  }
  if (subscription.names.size() > XdsLimits::kNames) return too_many();
  return {};
}

// Nothing of what is new concerns this Envoy.
void XdsStream::keep_up(Subscription& subscription) {
  if (subscription.refusal.empty()) subscription.taken = subscription.sent;
}

std::optional<XdsResponse> XdsStream::sotw(Subscription& subscription, XdsType type) const {
  const auto& set = snapshot_->of(type);
  if (!subscription.due && set.version == subscription.sent) return std::nullopt;
  XdsResponse response{.type = type, .version = set.version, .nonce = {}, .resources = {}, .removed = {}};
  for (const auto& [name, resource] : set.resources)
    if (subscription.everything || subscription.names.contains(name)) response.resources.emplace_back(name, &resource);
  subscription.due = false;
  subscription.sent = set.version;
  if (!response.resources.empty() || has_wildcard(type)) return response;
  // Where resources are asked for by name, that they are missing is not told: Envoy keeps what it has, or waits.
  keep_up(subscription);
  return std::nullopt;
}

std::optional<XdsResponse> XdsStream::delta(Subscription& subscription, XdsType type) const {
  const auto& set = snapshot_->of(type);
  XdsResponse response{.type = type, .version = set.version, .nonce = {}, .resources = {}, .removed = {}};
  const auto wants = [&](std::string_view name) {
    return subscription.everything || subscription.names.contains(name);
  };
  for (const auto& [name, resource] : set.resources) {
    const auto told = subscription.told.find(name);
    if (!wants(name) || (told != subscription.told.end() && told->second == resource.version)) continue;
    response.resources.emplace_back(name, &resource);
    subscription.told.insert_or_assign(name, resource.version);
  }
  for (auto& [name, version] : subscription.told)
    if (!version.empty() && !set.resources.contains(name)) {
      response.removed.push_back(name);
      version.clear();
    }
  for (const auto& name : subscription.names)
    if (!set.resources.contains(name) && subscription.told.try_emplace(name).second) response.removed.push_back(name);
  std::erase_if(subscription.told,
                [&](const auto& one) { return one.second.empty() && !subscription.names.contains(one.first); });
  subscription.sent = set.version;
  if (!response.resources.empty() || !response.removed.empty() || std::exchange(subscription.due, false)) {
    subscription.due = false;
    return response;
  }
  keep_up(subscription);
  return std::nullopt;
}

std::optional<std::string> XdsStream::next() {
  if (!snapshot_) return std::nullopt;
  for (const auto type : kXdsTypes) {
    auto& subscription = subscriptions_[std::to_underlying(type)];
    if (!subscription.asked || subscription.waiting) continue;
    auto response = form_ == XdsForm::sotw ? sotw(subscription, type) : delta(subscription, type);
    if (!response) continue;
    subscription.waiting = true;
    subscription.nonce = std::to_string(++last_nonce_);
    response->nonce = subscription.nonce;
    return to_message(form_, *response);
  }
  return std::nullopt;
}

XdsStream::TypeStatus XdsStream::status(XdsType type) const {
  const auto& subscription = subscriptions_[std::to_underlying(type)];
  return {subscription.asked, snapshot_ ? snapshot_->of(type).version : "", subscription.taken, subscription.refused,
          subscription.refusal};
}

}  // namespace watchword::envoy
