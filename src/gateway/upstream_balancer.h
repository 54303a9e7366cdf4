// Which endpoint of an upstream takes the next request of one loop.
#pragma once

#include <bitset>
#include <memory>
#include <optional>
#include <vector>

#include "gateway/upstream.h"

namespace watchword::gateway {

class Balancer {
 public:
  using Tried = std::bitset<policy::HttpUpstream::kMostEndpoints>;  // by the request in question

  explicit Balancer(std::shared_ptr<const Upstream> upstream)
      : upstream_(std::move(upstream)), under_way_(upstream_->size()) {}

  // Of those in rotation, and not tried yet: the next one, or the one with the fewest requests of this loop under way.
  // When none at all is in rotation, all count as if they were: something may answer, where refusing surely would not.
  std::optional<std::size_t> pick(const Tried& tried, Upstream::Now now);

  // A request counts at its endpoint as long as it has one of these.
  class Turn {
   public:
    Turn(std::shared_ptr<Balancer> balancer, std::size_t endpoint)
        : balancer_(std::move(balancer)), endpoint_(endpoint) {
      ++balancer_->under_way_[endpoint_];
    }
    Turn(Turn&&) = default;
    Turn& operator=(Turn&&) = delete;
    ~Turn() {
      if (balancer_) --balancer_->under_way_[endpoint_];
    }

   private:
    std::shared_ptr<Balancer> balancer_;
    std::size_t endpoint_;
  };

 private:
  std::shared_ptr<const Upstream> upstream_;
  std::vector<unsigned> under_way_;
  std::size_t next_ = 0;
};

}  // namespace watchword::gateway
