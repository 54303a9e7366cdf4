// What differs between two bootstraps, part by part: listener, host, route, cluster, and the rest.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"

namespace watchword::envoy {

struct PartChange {
  enum class Kind : std::uint8_t { added, removed, changed };
  struct Detail {
    std::string path;           // "connect_timeout", inside the part
    std::string before, after;  // JSON; empty: absent
    bool operator==(const Detail&) const = default;
  };
  Kind kind;
  std::string part;             // "cluster resource/billing-api", "route billing.example.com/billing-api"
  std::vector<Detail> details;  // of a changed part, by path
};

// Sorted by part. Items of a list are told apart by their names where they have some; that named items changed places
// is a detail too, because Envoy takes the first that matches. Empty: the same.
std::vector<PartChange> diff_bootstraps(const Json& before, const Json& after);

}  // namespace watchword::envoy
