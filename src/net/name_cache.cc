#include "net/name_cache.h"

#include <algorithm>

namespace watchword::net {

NameCache::Entry NameCache::find(const std::string& name, Steady::duration max_age, Steady::time_point now) const {
  const auto place = names_.find(name);
  if (place == names_.end() || !usable(*place->second.answer, now)) return {};
  const auto& [answer, ask_again] = place->second;
  const bool by_itself = now < answer->fresh_until && now - answer->asked < max_age;
  return {answer, by_itself || now < ask_again};
}

std::shared_ptr<const NameAnswer> NameCache::found(const std::string& name, std::vector<IpAddress> addresses,
                                                   std::chrono::seconds ttl, Steady::time_point now) {
  const auto time = std::clamp<Steady::duration>(ttl, limits_.shortest, limits_.longest);
  auto answer = std::make_shared<const NameAnswer>(NameAnswer{std::move(addresses), now, now + time});
  if (!names_.contains(name) && names_.size() >= limits_.names)
    std::erase_if(names_, [&](const auto& one) { return !usable(*one.second.answer, now); });
  if (names_.contains(name) || names_.size() < limits_.names) names_[name] = {answer, {}};
  return answer;
}

std::shared_ptr<const NameAnswer> NameCache::failed(const std::string& name, Steady::time_point now) {
  const auto place = names_.find(name);
  if (place == names_.end()) return nullptr;
  if (!usable(*place->second.answer, now)) {
    names_.erase(place);
    return nullptr;
  }
  place->second.ask_again = now + limits_.shortest;
  return place->second.answer;
}

}  // namespace watchword::net
