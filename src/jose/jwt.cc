#include "jose/jwt.h"

#include <algorithm>

#include "crypto/digest.h"
#include "jose/claims.h"
#include "jose/key_choice.h"

namespace watchword::jose {
namespace {

std::string names_of(const std::vector<crypto::Algorithm>& algorithms) {
  std::string out;
  for (const crypto::Algorithm algorithm : algorithms)
    out.append(out.empty() ? "" : ", ").append(crypto::name(algorithm));
  return out;
}

std::string names_of(const std::vector<std::string>& types) {
  std::string out;
  for (const std::string& type : types)
    out += (out.empty() ? "" : " or ") + (type.empty() ? "no typ" : "'" + type + "'");
  return out;
}

std::string detail_of(const Json& claims, std::string_view claim) {
  const Json* value = claims.find(claim);
  std::string out(claim);
  if (value == nullptr) return out + " is absent";
  const Result<std::optional<Time>> time = numeric_date(claims, claim);
  if (time && *time) return out + " " + to_rfc3339(**time);
  constexpr std::size_t kLongest = 200;
  const std::string text = value->dump();
  return out + " " + text.substr(0, kLongest) + (text.size() > kLongest ? "..." : "");
}

}  // namespace

Result<Verifier> Verifier::make(Expectations expected) {
  const auto wrong = [](const char* found, const char* wanted) { return fail(Reason::config_invalid, found, wanted); };
  if (expected.issuer.empty()) return wrong("no issuer", "the issuer's URL, exactly as in iss");
  if (expected.audiences.empty() || std::ranges::count(expected.audiences, "") != 0)
    return wrong("no audience, or an empty one", "at least one audience, as a token for anyone is for no one");
  if (expected.algorithms.empty()) return wrong("no algorithms", "at least one, such as RS256");
  if (expected.types.empty()) return wrong("no token types", "at least one, such as jwt");
  if (expected.skew < Duration::zero()) return wrong("a negative skew", "0s or more");
  if (expected.max_age && *expected.max_age <= Duration::zero()) return wrong("a token age of 0s", "more than 0s");
  return Verifier(std::move(expected));
}

Status Verifier::check_type(const UnverifiedToken& token) const {
  if (std::ranges::find(expectations_.types, token.typ()) != expectations_.types.end()) return {};
  const std::string_view typ = token.typ();
  return fail(Reason::token_type_not_accepted, typ.empty() ? "no typ" : "typ " + listed({&typ, 1}),
              names_of(expectations_.types));
}

Status Verifier::check_algorithm(const UnverifiedToken& token) const {
  if (std::ranges::find(expectations_.algorithms, token.algorithm()) != expectations_.algorithms.end()) return {};
  return fail(Reason::algorithm_not_allowed, std::string(crypto::name(token.algorithm())),
              names_of(expectations_.algorithms));
}

Status Verifier::check_signature(const UnverifiedToken& token, const crypto::PublicKey& key) {
  if (key.verify(token.algorithm(), token.signing_input(), as_bytes(token.signature_))) return {};
  return fail(Reason::signature_invalid, "a signature that does not fit",
              "a signature by the key over these very bytes");
}

Result<VerifiedToken> Verifier::verify(UnverifiedToken token, const KeySet& keys, Time now) const {
  WW_CHECK(check_type(token));
  WW_CHECK(check_algorithm(token));
  WW_TRY(const Jwk* key, choose_key(keys, token.kid(), token.algorithm()));
  WW_CHECK(check_key_algorithm(*key, token.algorithm()));
  WW_CHECK(check_signature(token, key->key));
  for (const ClaimCheck& step : claim_checks()) WW_CHECK(step.check(token.claims_, expectations_, now));

  WW_TRY(const auto expires, numeric_date(token.claims_, "exp"));
  VerifiedToken verified;
  WW_TRY(verified.issued_, numeric_date(token.claims_, "iat"));
  verified.expires_ = expires.value_or(Time{});
  verified.issuer_ = token.issuer_hint_;
  verified.subject_ = token.claims_.string_or("sub", "");
  verified.sha256_ = crypto::sha256_hex(token.compact_.reveal());
  verified.claims_ = std::move(token.claims_);
  return verified;
}

Result<Json> Verifier::verify_signature_only(UnverifiedToken token, const crypto::PublicKey& key) {
  WW_CHECK(check_key_algorithm(Jwk{{}, std::nullopt, key}, token.algorithm()));
  WW_CHECK(check_signature(token, key));
  return std::move(token.claims_);
}

std::vector<Check> Verifier::explain(const UnverifiedToken& token, const KeySet& keys, Time now) const {
  std::vector<Check> checks;
  // True when the check held, so that what depends on it can follow.
  const auto add = [&](std::string_view name, Status outcome, std::string detail) {
    const bool held = outcome.has_value();
    checks.push_back({std::string(name), held ? std::nullopt : std::optional(std::move(outcome).error()),
                      held ? std::move(detail) : std::string()});
    return held;
  };
  const std::string algorithm(crypto::name(token.algorithm()));
  add("type", check_type(token), token.typ().empty() ? "no typ" : "typ " + token.typ_);
  add("algorithm", check_algorithm(token), algorithm);
  Result<const Jwk*> key = choose_key(keys, token.kid(), token.algorithm());
  if (!key) {
    add("key", std::unexpected(std::move(key).error()), {});
    return checks;
  }
  const Jwk& chosen = **key;
  const std::string type(crypto::name(chosen.key.type()));
  add("key", {}, (chosen.kid.empty() ? "the only fitting key" : "kid " + chosen.kid) + ", " + type);
  if (!add("key algorithm", check_key_algorithm(chosen, token.algorithm()),
           algorithm + " with a key of type " + type) ||
      !add("signature", check_signature(token, chosen.key),
           algorithm + " over " + std::to_string(token.signed_size_) + " bytes"))
    return checks;
  for (const ClaimCheck& step : claim_checks())
    add(step.name, step.check(token.claims_, expectations_, now), detail_of(token.claims_, step.claim));
  return checks;
}

}  // namespace watchword::jose
