// What exec is asked for, and the names of the variables in which its command finds that.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "job/access.h"

namespace watchword::job {

// RESOURCE or RESOURCE/ACTION, several times: the actions of one resource are one Wanted, in the order of the first
// mention. A resource that is named without an action is wanted whole. usage_invalid.
Result<std::vector<Wanted>> parse_wanted(const std::vector<std::string>& words);

// Where a command finds one resource. `url` is the variable of its URL; the others are made of `stem`: STEM_HOST,
// STEM_PORT, STEM_SOCKET.
struct VariableNames {
  std::string url, stem;
};

// billing-api -> BILLING_API_URL: upper case, what is neither A-Z nor 0-9 is '_', and a digit gets a '_' before it.
// `renames`: NAME=resource, of --env; such a resource has only the names that were given to it, and a NAME that ends in
// _URL is a stem too. One list for each of `wanted`. usage_invalid: two resources with one name, or a name that is
// GitLab's (CI_*) or ours (WATCHWORD_*).
Result<std::vector<std::vector<VariableNames>>> name_variables(const std::vector<Wanted>& wanted,
                                                               const std::vector<std::string>& renames);

}  // namespace watchword::job
