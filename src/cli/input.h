// Reading what the command line names: times, JSON files, unverified tokens.
#pragma once

#include <optional>
#include <string>

#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"
#include "base/secret.h"

namespace watchword::cli {

Result<Time> time_or_now(const std::string& text);  // RFC 3339, or empty for now
Result<Json> read_json_file(const std::string& path);

// The claims of a token that nobody has verified, for inspect and explain, which never give access.
struct UnverifiedContent {
  Json header, claims;
};
Result<UnverifiedContent> open_unverified(const Secret& token);

}  // namespace watchword::cli
