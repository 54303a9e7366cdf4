#include "job/token_content.h"

#include "base/encoding.h"
#include "base/text.h"

namespace watchword::job {
namespace {

Result<Json> open_part(std::string_view part, std::string_view which) {
  auto text = from_base64url(part);
  if (!text)
    return fail(Reason::token_malformed, "a " + std::string(which) + " that is not base64url", "a compact JWT");
  return parse_json(*text);
}

}  // namespace

Result<UnverifiedContent> open_unverified(const Secret& token) {
  auto parts = split(token.reveal(), '.');
  if (parts.size() != 3)
    return fail(Reason::token_malformed, std::to_string(parts.size()) + " parts", "header.payload.signature");
  WW_TRY(auto header, open_part(parts[0], "header"));
  WW_TRY(auto claims, open_part(parts[1], "payload"));
  return UnverifiedContent{std::move(header), std::move(claims)};
}

}  // namespace watchword::job
