#include "policy/shared_roles.h"

#include <algorithm>
#include <span>

namespace watchword::policy {
namespace {

template <class T>
void append(std::string& out, const std::vector<T>& items) {
  const auto bytes = std::as_bytes(std::span(items));
  out.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

// Roles by their addresses, which are the policy's. The limits follow from them.
std::string content_of(const Roles& roles) {
  std::string out(1, roles.fork_refused ? 'f' : '-');
  out += std::to_string(roles.all.size()) + ':';
  append(out, roles.all);
  append(out, roles.fences);
  return out;
}

}  // namespace

std::shared_ptr<const Roles> SharedRoles::share(Roles made) {
  auto content = content_of(made);
  const std::lock_guard lock(mutex_);
  if (known_.size() >= tidy_at_) {
    std::erase_if(known_, [](const auto& one) { return one.second.expired(); });
    tidy_at_ = std::max<std::size_t>(64, known_.size() * 2);
  }
  auto& place = known_[std::move(content)];
  auto held = place.lock();
  if (!held) place = held = std::make_shared<const Roles>(std::move(made));
  return held;
}

}  // namespace watchword::policy
