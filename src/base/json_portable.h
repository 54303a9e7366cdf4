// The strict reader once more, on a library of headers alone: for the static client, as Debian has simdjson as a shared
// library only. Slower; otherwise parse_json's promise, for the same tests (docs/decisions/0011).
#pragma once

#include "base/json.h"

namespace watchword {

// Takes and refuses what parse_json does; only some texts of refusals differ. Threads: any.
Result<Json> parse_json_portable(std::string_view text, const JsonLimits& limits = {});

}  // namespace watchword
