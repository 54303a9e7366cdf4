// Names of issuers and audiences that somebody took for equal.
#pragma once

#include <string_view>

namespace watchword::jose {

// "the slash at the end" or "upper and lower case" (or both), where nothing else sets the two apart; else empty, as
// also where they are equal.
std::string_view only_difference(std::string_view one, std::string_view other);

}  // namespace watchword::jose
