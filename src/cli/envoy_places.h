// What the file system must have before Envoy can start with a configuration.
#pragma once

#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace watchword::cli {

// file_unreadable: the folder of a Unix socket is not there on which this bootstrap has Envoy listen. Envoy's own
// validation does not look, and its start then fails.
std::vector<Error> missing_places(const Json& bootstrap);

}  // namespace watchword::cli
