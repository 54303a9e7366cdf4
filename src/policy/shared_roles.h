// Roles of one content are one object: a million sessions hold few of them.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "policy/policy.h"

namespace watchword::policy {

// Knows the objects that somebody still holds, and at most as many that nobody does. Any thread.
class SharedRoles {
 public:
  // `made`, or the object that is equal to it. All must be of one policy.
  std::shared_ptr<const Roles> share(Roles made);

 private:
  std::mutex mutex_;
  std::unordered_map<std::string, std::weak_ptr<const Roles>> known_;  // by content
  std::size_t tidy_at_ = 64;
};

}  // namespace watchword::policy
