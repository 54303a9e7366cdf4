#include "access/explained.h"

#include <algorithm>

namespace watchword::access {

std::vector<Explained> explain(const Snapshot& snapshot, const issuer::Principal& principal, const policy::Roles& roles,
                               std::span<const AskedFor> asked, Time now) {
  std::vector<Explained> all;
  for (auto [resource, action] : asked.first(std::min(asked.size(), kMostExplained)))
    all.push_back({{std::string(resource), std::string(action)},
                   decide(snapshot, principal, roles, {resource, action, {}, {}, {}}, now)});
  return all;
}

}  // namespace watchword::access
