// One JSON Web Key, from and to JSON.
#include "jose/jwk.h"

#include <algorithm>
#include <utility>

#include "base/encoding.h"
#include "crypto/digest.h"

namespace watchword::jose {
namespace {

using crypto::KeyType;
using crypto::PublicKey;

constexpr std::size_t kMaxKidBytes = 512;
constexpr std::size_t kQuoted = 64;  // how much of a hostile value an error repeats

std::unexpected<Error> refused(std::string found, std::string expected) {
  return fail(Reason::key_invalid, std::move(found), std::move(expected));
}

std::string quoted(std::string_view text) {
  return "'" + std::string(text.substr(0, kQuoted)) + (text.size() > kQuoted ? "...'" : "'");
}

// A member that must be a string where it is there at all. Null when it is not.
Result<const std::string*> optional_string(const Json& json, std::string_view member) {
  const Json* value = json.find(member);
  if (value == nullptr) return nullptr;
  if (value->string() == nullptr)
    return refused("'" + std::string(member) + "' is of type " + std::string(value->type_name()), "a string");
  return value->string();
}

Result<std::string> number(const Json& json, std::string_view member) {
  const std::string* text = json.find_string(member);
  if (text == nullptr) return refused("no '" + std::string(member) + "'", "a base64url string");
  auto bytes = from_base64url(*text);
  if (!bytes)
    return refused("'" + std::string(member) + "' is not base64url", "base64url without padding or stray bits");
  return std::move(*bytes);
}

// A private or symmetric key that was published is known to all: nothing signed with it proves anything.
Status check_public(const Json& json) {
  for (const char* member : {"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
    if (json.find(member) != nullptr)
      return refused("the private member '" + std::string(member) + "'", "only the public members");
  return {};
}

Status check_use(const Json& json) {
  WW_TRY(const std::string* use, optional_string(json, "use"));
  if (use != nullptr && *use != "sig") return refused("use " + quoted(*use), "use 'sig'");
  const Json* ops = json.find("key_ops");
  if (ops == nullptr) return {};
  if (ops->array_items() == nullptr) return refused("key_ops is of type " + std::string(ops->type_name()), "a list");
  const Json::Array& items = *ops->array_items();
  for (auto item = items.begin(); item != items.end(); ++item)
    if (item->string() == nullptr || std::find(items.begin(), item, *item) != item)
      return refused("key_ops with an entry that is no string or comes twice", "different strings (RFC 7517 4.3)");
  if (std::ranges::find(items, Json("verify")) == items.end()) return refused("key_ops without 'verify'", "'verify'");
  return {};
}

Result<PublicKey> parse_rsa(const Json& json) {
  WW_TRY(const std::string n, number(json, "n"));
  WW_TRY(const std::string e, number(json, "e"));
  return PublicKey::from_rsa(as_bytes(n), as_bytes(e));
}

Result<PublicKey> parse_ec(const Json& json) {
  const std::string_view curve = json.string_or("crv", "");
  for (const KeyType type : {KeyType::p256, KeyType::p384, KeyType::p521}) {
    if (crypto::name(type) != curve) continue;
    WW_TRY(const std::string x, number(json, "x"));
    WW_TRY(const std::string y, number(json, "y"));
    return PublicKey::from_ec(type, as_bytes(x), as_bytes(y));
  }
  return refused("crv " + quoted(curve), "P-256, P-384 or P-521 for kty EC");
}

Result<PublicKey> parse_okp(const Json& json) {
  const std::string_view curve = json.string_or("crv", "");
  if (curve != "Ed25519") return refused("crv " + quoted(curve), "Ed25519 for kty OKP");
  WW_TRY(const std::string x, number(json, "x"));
  return PublicKey::from_ed25519(as_bytes(x));
}

Result<PublicKey> parse_key(const Json& json) {
  const std::string_view type = json.string_or("kty", "");
  if (type == "RSA") return parse_rsa(json);
  if (type == "EC") return parse_ec(json);
  if (type == "OKP") return parse_okp(json);
  return refused("kty " + quoted(type), "RSA, EC or OKP");
}

// The members of RFC 7638 3.2: exactly those that are the key.
Json public_members(const PublicKey& key) {
  switch (key.type()) {
    case KeyType::rsa: {
      const auto [n, e] = key.rsa();
      return Json::object({{"kty", "RSA"}, {"n", to_base64url(n)}, {"e", to_base64url(e)}});
    }
    case KeyType::p256:
    case KeyType::p384:
    case KeyType::p521: {
      const auto [x, y] = key.ec();
      return Json::object(
          {{"kty", "EC"}, {"crv", crypto::name(key.type())}, {"x", to_base64url(x)}, {"y", to_base64url(y)}});
    }
    case KeyType::ed25519:
      return Json::object({{"kty", "OKP"}, {"crv", "Ed25519"}, {"x", to_base64url(key.ed25519())}});
  }
  std::unreachable();
}

}  // namespace

Result<Jwk> parse_jwk(const Json& json) {
  if (json.members() == nullptr) return refused("a value of type " + std::string(json.type_name()), "a key object");
  WW_CHECK(check_public(json));
  WW_CHECK(check_use(json));
  WW_TRY(const std::string* kid, optional_string(json, "kid"));
  if (kid != nullptr && kid->size() > kMaxKidBytes)
    return refused("a kid of " + std::to_string(kid->size()) + " bytes", "at most 512");
  WW_TRY(const std::string* alg, optional_string(json, "alg"));
  WW_TRY(PublicKey key, parse_key(json));
  std::optional<crypto::Algorithm> algorithm;
  if (alg != nullptr) {
    algorithm = crypto::algorithm_from_name(*alg);
    if (!algorithm || !crypto::fits(*algorithm, key.type()))
      return refused("alg " + quoted(*alg) + " on a key of type " + std::string(crypto::name(key.type())),
                     "a signature algorithm of that type");
  }
  return Jwk{kid == nullptr ? std::string() : *kid, algorithm, std::move(key)};
}

Json to_json(const PublicKey& key, std::string_view kid, crypto::Algorithm algorithm) {
  Json json = public_members(key);
  json.set("kid", kid).set("use", "sig").set("alg", crypto::name(algorithm));
  return json;
}

std::string thumbprint(const PublicKey& key) {
  return to_base64url(crypto::sha256(public_members(key).dump()));  // RFC 7638 3: sorted, no white space
}

}  // namespace watchword::jose
