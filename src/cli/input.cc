#include "cli/input.h"

#include "base/encoding.h"
#include "base/file.h"
#include "base/text.h"
#include "jose/jws.h"

namespace watchword::cli {
namespace {

Result<Json> open_part(std::string_view part, std::string_view which) {
  auto text = from_base64url(part);
  if (!text)
    return fail(Reason::token_malformed, "a " + std::string(which) + " that is not base64url", "a compact JWT");
  return parse_json(*text);
}

}  // namespace

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

Result<UnverifiedContent> open_unverified(const Secret& token) {
  auto parts = split(token.reveal(), '.');
  if (parts.size() != 3)
    return fail(Reason::token_malformed, std::to_string(parts.size()) + " parts", "header.payload.signature");
  WW_TRY(auto header, open_part(parts[0], "header"));
  WW_TRY(auto claims, open_part(parts[1], "payload"));
  return UnverifiedContent{std::move(header), std::move(claims)};
}

}  // namespace watchword::cli
