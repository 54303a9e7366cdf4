// Where a command takes a token from. Surrounding white space is dropped. token_missing.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"

namespace watchword::job {

std::string_view trimmed(std::string_view text);     // without spaces, tabs and line ends around it
Result<Secret> read_token(const std::string& file);  // "-": standard input
Result<Secret> token_from_environment(const std::string& variable);

}  // namespace watchword::job
