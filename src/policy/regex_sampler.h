// Texts that a regular expression may match.
#pragma once

#include <string>
#include <string_view>

#include "policy/choices.h"

namespace watchword::policy {

// Understands the common syntax of RE2 and guesses at the rest: try what it gives. At most about 40 KB.
std::string sample_of_regex(std::string_view regex, Choices choices);

}  // namespace watchword::policy
