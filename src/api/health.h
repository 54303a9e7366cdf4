// Readiness as JSON, shared by /readyz and the admin API.
#pragma once

#include <vector>

#include "api/endpoints.h"
#include "base/json.h"

namespace watchword::api {

Json readiness_json(const std::vector<Readiness>& parts, bool details);  // [{name, ready, detail?}]
bool all_ready(const std::vector<Readiness>& parts);

}  // namespace watchword::api
