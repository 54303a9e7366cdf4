// Writing claims by path, for samples.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/json.h"

namespace watchword::policy {

using ClaimSteps = std::vector<std::variant<std::string, std::size_t>>;  // member of an object, item of an array

// The steps of a path that issuer::ClaimPath took. What it would take as one name is one step.
ClaimSteps steps_of(std::string_view path);
// `claims` with the value there; what is on the way and of another type is replaced. Items of an array that are missing
// before it get the value too. An index beyond 15 sets nothing.
Json with_claim(const Json& claims, const ClaimSteps& steps, const Json& value);
Json without_claim(const Json& claims, std::string_view name);  // a top-level one
const Json* find_claim(const Json& claims, const ClaimSteps& steps);

}  // namespace watchword::policy
