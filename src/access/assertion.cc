#include "access/assertion.h"

#include "access/token_claims.h"
#include "jose/jws.h"

namespace watchword::access {
namespace {

constexpr auto kLife = std::chrono::seconds(60);
constexpr auto kRenewAfter = std::chrono::seconds(30);
constexpr std::string_view kType = "watchword-assertion+jwt";

}  // namespace

Result<std::string> Assertions::for_session(const Session& session, std::string_view resource, Time now) {
  auto key = session.id() + " " + std::string(resource);
  auto& shard = shards_[std::hash<std::string>{}(key) % kShards];
  {
    std::lock_guard lock(shard.mutex);
    auto made = shard.by_key.find(key);
    if (made != shard.by_key.end() && now < made->second.renew_at) return made->second.jwt;
  }
  auto ring = keys_.ring();
  auto claims = Json::object({{"iss", issuer_url_},
                              {"aud", resource},
                              {"sub", session.principal().subject},
                              {"iat", to_unix(now)},
                              {"exp", to_unix(std::min<Time>(now + kLife, session.expires()))},
                              {"sid", session.id()},
                              {"job", job_claim(session)}});
  WW_TRY(auto jwt, jose::sign_jws(*ring->active, ring->algorithm, {.typ = kType, .kid = ring->kid}, claims.dump()));
  std::lock_guard lock(shard.mutex);
  shard.by_key.insert_or_assign(std::move(key), Made{jwt, now + kRenewAfter});
  return jwt;
}

void Assertions::forget_expired(Time now) {
  for (auto& shard : shards_) {
    std::lock_guard lock(shard.mutex);
    std::erase_if(shard.by_key, [&](const auto& kept) { return now >= kept.second.renew_at; });
  }
}

}  // namespace watchword::access
