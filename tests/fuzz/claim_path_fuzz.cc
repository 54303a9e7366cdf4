// A claim path reads back from its own text and finds what it names: any claim by its quoted name, and a plain name
// before anything else that the name could mean.
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/encoding.h"
#include "issuer/claim_path.h"

namespace {

using watchword::Json;
using watchword::issuer::ClaimPath;

void must(bool holds) {
  if (!holds) std::abort();
}

// Every claim is reachable by claims["..."].
void finds_by_quoted_name(const std::string& name) {
  const auto path = ClaimPath::parse("claims[" + Json(name).dump() + "]");
  if (!path) return;  // too long once escaped
  const Json claims = Json::object({{name, "here"}});
  const Json* found = path->find(claims);
  must(found != nullptr && *found == Json("here"));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(watchword::as_text({data, size}));
  if (watchword::is_utf8(text)) finds_by_quoted_name(text);

  const auto path = ClaimPath::parse(text);
  if (!path) {
    must(path.error().reason == watchword::Reason::config_invalid && !path.error().expected.empty());
    return 0;
  }
  must(path->text() == text);
  const auto again = ClaimPath::parse(path->text());
  const Json nested = watchword::parse_json(R"({"a": {"b": [1, {"c": 2}], "claims": 3}, "claims": {"a": 4}})").value();
  must(again.has_value() && again->find(nested) == path->find(nested));
  if (text.find_first_of("[]") == std::string::npos) {
    const Json claims = Json::object({{"a", Json::object({{"b", "nested"}})}, {text, "literal"}});
    const Json* literal = path->find(claims);
    must(literal != nullptr && *literal == Json("literal"));
  }
  return 0;
}
