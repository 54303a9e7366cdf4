#include "jose/jws.h"

#include <algorithm>

#include "base/text.h"

namespace watchword::jose {
namespace {

constexpr JsonLimits kHeaderLimits{kMaxTokenBytes, 8};
constexpr JsonLimits kClaimsLimits{kMaxTokenBytes, 16};
constexpr std::size_t kQuoted = 64;  // how much of a hostile value an error repeats

std::unexpected<Error> malformed(std::string found, std::string expected) {
  return fail(Reason::token_malformed, std::move(found), std::move(expected));
}

struct Parts {
  std::string_view header, payload, signature;
};

Result<Parts> take_apart(std::string_view compact) {
  if (compact.size() > kMaxTokenBytes)
    return fail(Reason::token_too_large, std::to_string(compact.size()) + " bytes",
                "at most " + std::to_string(kMaxTokenBytes));
  const std::size_t first = compact.find('.');
  const std::size_t second = first == std::string_view::npos ? first : compact.find('.', first + 1);
  if (second == std::string_view::npos || compact.find('.', second + 1) != std::string_view::npos) {
    const auto parts = std::ranges::count(compact, '.') + 1;
    return malformed(
        std::to_string(parts) + (parts == 1 ? " part" : " parts") + (parts == 5 ? " (an encrypted token)" : ""),
        "three parts with dots between them");
  }
  return Parts{compact.substr(0, first), compact.substr(first + 1, second - first - 1), compact.substr(second + 1)};
}

Result<std::string> decode(std::string_view part, const char* what) {
  auto bytes = from_base64url(part);
  if (!bytes) return malformed(std::string(what) + " is not base64url", "base64url without padding or stray bits");
  return std::move(*bytes);
}

Result<Json> decode_object(std::string_view part, const char* what, const JsonLimits& limits) {
  WW_TRY(const std::string text, decode(part, what));
  Result<Json> json = parse_json(text, limits);
  if (!json) return malformed(std::string(what) + ": " + json.error().found, json.error().expected);
  if (json->members() == nullptr)
    return malformed(std::string(what) + " is of type " + std::string(json->type_name()), "a JSON object");
  return json;
}

Result<std::string> header_string(const Json& header, std::string_view name) {
  const Json* value = header.find(name);
  if (value == nullptr) return std::string();
  if (value->string() == nullptr)
    return malformed("the header's " + std::string(name) + " is of type " + std::string(value->type_name()),
                     "a string");
  return *value->string();
}

Result<crypto::Algorithm> algorithm_of(const Json& header) {
  WW_TRY(const std::string name, header_string(header, "alg"));
  if (name.empty()) return malformed("a header without alg", "alg, such as RS256 or ES256");
  const auto algorithm = crypto::algorithm_from_name(name);
  if (!algorithm)
    return fail(Reason::algorithm_not_allowed, "alg '" + name.substr(0, kQuoted) + "'",
                "a signature with a public key: RS, PS or ES 256, 384 or 512, or EdDSA");
  return *algorithm;
}

// RFC 7515 4.1.11. We understand no extension; b64 (RFC 7797) would change what is signed.
Status check_extensions(const Json& header) {
  if (const Json* b64 = header.find("b64"); b64 != nullptr && *b64 != Json(true))
    return malformed("the header's b64 is not true", "a payload in base64url");
  const Json* critical = header.find("crit");
  if (critical == nullptr) return {};
  const Json::Array* names = critical->array_items();
  if (names == nullptr || names->empty())
    return malformed("a crit that is not a list of names", "no crit, or names in it");
  for (auto name = names->begin(); name != names->end(); ++name)
    if (name->string() == nullptr || std::find(names->begin(), name, *name) != name)
      return malformed("a crit with an entry that is no string or comes twice", "different names");
  return fail(Reason::critical_header_unknown, "crit '" + names->front().string()->substr(0, kQuoted) + "'", "no crit");
}

// RFC 7515 4.1.9: a media type, case-insensitive, whose "application/" may be left out.
std::string normal_type(std::string_view typ) {
  constexpr std::string_view kPrefix = "application/";
  std::string lower = ascii_lower(typ);
  if (lower.starts_with(kPrefix)) lower.erase(0, kPrefix.size());
  return lower;
}

}  // namespace

Result<UnverifiedToken> UnverifiedToken::parse(std::string_view compact) {
  WW_TRY(const Parts parts, take_apart(compact));
  UnverifiedToken token;
  WW_TRY(token.header_, decode_object(parts.header, "the header", kHeaderLimits));
  WW_TRY(token.algorithm_, algorithm_of(token.header_));
  WW_CHECK(check_extensions(token.header_));
  WW_TRY(token.kid_, header_string(token.header_, "kid"));
  WW_TRY(const std::string typ, header_string(token.header_, "typ"));
  token.typ_ = normal_type(typ);
  WW_TRY(token.claims_, decode_object(parts.payload, "the payload", kClaimsLimits));
  token.issuer_hint_ = token.claims_.string_or("iss", "");
  WW_TRY(token.signature_, decode(parts.signature, "the signature"));
  token.compact_ = Secret(compact);
  token.signed_size_ = parts.header.size() + 1 + parts.payload.size();
  return token;
}

Result<std::string> sign_jws(const crypto::PrivateKey& key, crypto::Algorithm algorithm, const JwsHeader& header,
                             std::string_view payload) {
  Json json = Json::object();
  json.set("alg", crypto::name(algorithm));
  if (!header.typ.empty()) json.set("typ", header.typ);
  if (!header.kid.empty()) json.set("kid", header.kid);
  if (header.jwk != nullptr) json.set("jwk", *header.jwk);
  std::string out = to_base64url(as_bytes(json.dump()));
  out += '.';
  out += to_base64url(as_bytes(payload));
  WW_TRY(const Bytes signature, key.sign(algorithm, out));
  out += '.';
  out += to_base64url(signature);
  return out;
}

}  // namespace watchword::jose
