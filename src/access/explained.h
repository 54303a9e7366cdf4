// What the door says of the permissions that somebody asks for, one by one.
#pragma once

#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "access/decide.h"

namespace watchword::access {

struct Explained {
  Permission permission;
  Decision decision;
};

using AskedFor = std::pair<std::string_view, std::string_view>;  // resource, action
// As the door decides at this moment. Of the first kMostExplained: each costs a decision and a part of the answer.
inline constexpr std::size_t kMostExplained = 100;
std::vector<Explained> explain(const Snapshot& snapshot, const issuer::Principal& principal, const policy::Roles& roles,
                               std::span<const AskedFor> asked, Time now);

}  // namespace watchword::access
