#include "gateway/upstream_balancer.h"

namespace watchword::gateway {

std::optional<std::size_t> Balancer::pick(const Tried& tried, Upstream::Now now) {
  const std::size_t size = upstream_->size();
  const bool least = upstream_->settings().balance == policy::Balance::least_requests;
  const bool none_in_rotation = upstream_->count_in_rotation(now) == 0;
  std::optional<std::size_t> best;
  for (std::size_t step = 0; step < size; ++step) {
    const std::size_t endpoint = (next_ + step) % size;
    if (tried[endpoint] || (!none_in_rotation && !upstream_->in_rotation(endpoint, now))) continue;
    if (!best || (least && under_way_[endpoint] < under_way_[*best])) best = endpoint;
    if (!least) break;
  }
  if (best) next_ = (*best + 1) % size;
  return best;
}

}  // namespace watchword::gateway
