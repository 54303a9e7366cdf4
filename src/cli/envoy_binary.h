// The real Envoy, asked what it thinks of a configuration.
#pragma once

#include <string>

#include "base/result.h"

namespace watchword::cli {

// `path` as given, or where it is empty the first `envoy` of $PATH. file_unreadable: there is none.
Result<std::string> find_envoy(const std::string& path);
// `envoy --mode validate` on a file. config_invalid with what Envoy said.
Status validate_with(const std::string& envoy, const std::string& file);

}  // namespace watchword::cli
