// Reading what the command line names: times, JSON files.
#pragma once

#include <optional>
#include <string>

#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"

namespace watchword::cli {

Result<Time> time_or_now(const std::string& text);  // RFC 3339, or empty for now
Result<Json> read_json_file(const std::string& path);

}  // namespace watchword::cli
