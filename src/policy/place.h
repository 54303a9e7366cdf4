// Where a rule stands.
#pragma once

#include <string>

namespace watchword::policy {

struct Place {
  std::string rule;   // "policy/billing.yaml:14": the folder's own name, the same on every machine; for records
  std::string where;  // "/etc/watchword/policy/billing.yaml:14:7": for errors at load
};

}  // namespace watchword::policy
