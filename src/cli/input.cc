#include "cli/input.h"

#include "base/file.h"

namespace watchword::cli {
Result<Time> time_or_now(const std::string& text) {
  if (text.empty()) return SystemClock().now();
  auto time = from_rfc3339(text);
  if (!time) return fail(Reason::usage_invalid, text, "a time such as 2026-11-21T09:00:00Z");
  return *time;
}

Result<Json> read_json_file(const std::string& path) {
  WW_TRY(auto text, read_file(path));
  auto json = parse_json(text);
  if (!json) {
    auto error = std::move(json).error();
    error.where = path;
    return std::unexpected(std::move(error));
  }
  return *std::move(json);
}

}  // namespace watchword::cli
