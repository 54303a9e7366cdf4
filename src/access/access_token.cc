#include "access/access_token.h"

#include "access/token_claims.h"
#include "jose/jws.h"
#include "jose/jwt.h"

namespace watchword::access {
namespace {

constexpr std::string_view kType = "at+jwt";  // RFC 9068 2.1

std::string client_id_of(const Session& session) {
  const auto* machine = session.principal().machine();
  return machine && !machine->project.empty() ? machine->project : session.principal().subject;
}

// Our own tokens differ from an issuer's: the keys are ours, and the audience is a resource, which the door compares.
Result<Json> verify_own(jose::UnverifiedToken token, const KeyRing& ring, std::string_view issuer_url) {
  if (token.typ() != kType) return fail(Reason::token_type_not_accepted, std::string(token.typ()), std::string(kType));
  const auto* key = ring.verify_with.find(token.kid());
  if (!key || token.kid().empty()) return fail(Reason::key_unknown, std::string(token.kid()), "a key of this gate");
  if (key->algorithm != token.algorithm())
    return fail(Reason::algorithm_key_mismatch, std::string(crypto::name(token.algorithm())),
                "the key's own algorithm");
  WW_TRY(auto claims, jose::Verifier::verify_signature_only(std::move(token), key->key));
  if (claims.string_or("iss", "") != issuer_url)
    return fail(Reason::issuer_mismatch, std::string(claims.string_or("iss", "")), std::string(issuer_url));
  return claims;
}

Result<std::shared_ptr<Grant>> grant_from(const Json& claims, const crypto::Sha256& digest) {
  const auto* jti = claims.find_string("jti");
  const auto* sid = claims.find_string("sid");
  const auto* exp = claims.find_integer("exp");
  if (!jti || !sid || !exp) return fail(Reason::claim_missing, "no jti, sid or exp", "an access token of this gate");
  auto grant = std::make_shared<Grant>();
  grant->jti = *jti;
  grant->session = *sid;
  grant->expires = from_unix(*exp);
  grant->token_sha256 = to_hex(digest);
  WW_TRY(auto audience, jose::audiences_of(claims));
  grant->audience.assign(audience.begin(), audience.end());
  if (const auto* limit = claims.find_string("limit")) {
    WW_TRY(grant->limit, parse_scope(*limit));
  }
  if (const auto* confirmation = claims.find("cnf")) grant->bound_key = confirmation->string_or("jkt", "");
  return grant;
}

}  // namespace

Result<std::string> mint(const Minting& what, const KeyRing& ring, std::string_view issuer_url) {
  auto claims = Json::object({{"iss", issuer_url},
                              {"sub", what.session.principal().subject},
                              {"aud", audience_claim(what.audience)},
                              {"exp", to_unix(what.expires)},
                              {"iat", to_unix(what.now)},
                              {"jti", what.jti},
                              {"client_id", client_id_of(what.session)},
                              {"sid", what.session.id()},
                              {"scope", scope_text(what.granted)},
                              {"job", job_claim(what.session)}});
  if (!what.limit.empty()) claims.set("limit", scope_text(what.limit));
  if (!what.bound_key.empty()) claims.set("cnf", Json::object({{"jkt", what.bound_key}}));
  return jose::sign_jws(*ring.active, ring.algorithm, {.typ = kType, .kid = ring.kid}, claims.dump());
}

AccessTokens::AccessTokens(std::string issuer_url, const SigningKeys& keys, std::size_t capacity)
    : issuer_url_(std::move(issuer_url)),
      keys_(keys),
      shard_capacity_(capacity / kShards + 1),
      shards_(std::make_unique<Shard[]>(kShards)) {}

Result<std::shared_ptr<const Grant>> AccessTokens::read(std::string_view token, Time now) {
  if (token.size() > jose::kMaxTokenBytes)
    return fail(Reason::token_too_large, std::to_string(token.size()) + " bytes");
  auto digest = crypto::sha256(token);
  auto& shard = shards_[crypto::Sha256Hash{}(digest) % kShards];
  auto ring = keys_.ring();
  {
    std::lock_guard lock(shard.mutex);
    auto known = shard.by_digest.find(digest);
    if (known != shard.by_digest.end() && ring->verify_with.find(known->second->kid)) return known->second;
  }
  WW_TRY(auto unverified, jose::UnverifiedToken::parse(token));
  std::string kid(unverified.kid());
  WW_TRY(auto claims, verify_own(std::move(unverified), *ring, issuer_url_));
  WW_TRY(auto grant, grant_from(claims, digest));
  grant->kid = std::move(kid);
  if (now >= grant->expires)
    return fail(Reason::token_expired, "expired at " + to_rfc3339(grant->expires), "a live token");
  grant = keep(shard, digest, grant, now);
  // After it is kept: a revocation that comes now finds it there, one that came before is found here.
  if (is_revoked(grant->jti)) grant->revoked.store(true, std::memory_order_release);
  return grant;
}

// The one grant of this token: another thread may have kept it first.
std::shared_ptr<Grant> AccessTokens::keep(Shard& shard, const crypto::Sha256& digest,
                                          const std::shared_ptr<Grant>& grant, Time now) {
  std::lock_guard lock(shard.mutex);
  if (shard.by_digest.size() >= shard_capacity_)
    std::erase_if(shard.by_digest, [&](const auto& kept) { return now >= kept.second->expires; });
  if (shard.by_digest.size() >= shard_capacity_) shard.by_digest.erase(shard.by_digest.begin());
  return shard.by_digest.try_emplace(digest, grant).first->second;
}

bool AccessTokens::is_revoked(std::string_view jti) const {
  auto& shard = shards_[std::hash<std::string_view>{}(jti) % kShards];
  std::lock_guard lock(shard.mutex);
  return shard.revoked.contains(std::string(jti));
}

void AccessTokens::revoke(std::string_view jti, Time expires) {
  {
    auto& shard = shards_[std::hash<std::string_view>{}(jti) % kShards];
    std::lock_guard lock(shard.mutex);
    shard.revoked.insert_or_assign(std::string(jti), expires);
  }
  for (std::size_t i = 0; i < kShards; ++i) {
    std::lock_guard lock(shards_[i].mutex);
    for (const auto& [digest, grant] : shards_[i].by_digest)
      if (grant->jti == jti) grant->revoked.store(true, std::memory_order_release);
  }
}

void AccessTokens::forget_expired(Time now) {
  for (std::size_t i = 0; i < kShards; ++i) {
    std::lock_guard lock(shards_[i].mutex);
    std::erase_if(shards_[i].by_digest, [&](const auto& kept) { return now >= kept.second->expires; });
    std::erase_if(shards_[i].revoked, [&](const auto& kept) { return now >= kept.second + kRememberRevoked; });
  }
}

}  // namespace watchword::access
