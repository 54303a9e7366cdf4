// The credential that a session hands out: an RFC 9068 at+jwt, and how one that comes back is read.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "access/decide.h"
#include "access/session.h"
#include "access/signing_keys.h"
#include "base/clock.h"
#include "base/result.h"
#include "crypto/digest.h"

namespace watchword::access {

// What one access token stands for. Immutable but for `revoked`.
struct Grant {
  std::string jti, session, kid;
  std::vector<std::string> audience;  // resource names
  std::vector<Permission> limit;      // what the caller asked to be narrowed to; empty: not narrowed
  std::string bound_key;              // cnf.jkt, or empty for a bearer token
  Time expires;
  std::string token_sha256;
  mutable std::atomic<bool> revoked{false};
};

struct Minting {
  const Session& session;
  std::string jti;
  std::vector<std::string> audience;
  std::vector<Permission> granted;  // allowed at this moment: the scope claim that offline verifiers see
  std::vector<Permission> limit;
  std::string bound_key;
  Time now, expires;
};
// Claims: iss, sub, aud, exp, iat, jti, client_id (the project), sid, scope, job {issuer, project, pipeline, job, ref,
// sha, environment, user}, limit (when narrowed), cnf.jkt (when bound).
Result<std::string> mint(const Minting& what, const KeyRing& ring, std::string_view issuer_url);

// Reads tokens that Watchword minted. Verified tokens are kept by SHA-256 until they expire, so that the signature is
// checked once. Any thread.
class AccessTokens {
 public:
  AccessTokens(std::string issuer_url, const SigningKeys& keys, std::size_t capacity = 100'000);
  // The reasons of jose::Verifier. Looks neither at the session nor at `revoked`: those are the door's questions. A
  // token whose key was retired is refused at once (key_unknown).
  Result<std::shared_ptr<const Grant>> read(std::string_view token, Time now);
  void revoke(std::string_view jti, Time expires);  // from now on, in memory; the store is the caller's matter
  void forget_expired(Time now);

 private:
  // A clock that jumped ahead and back must not bring a revoked token to life.
  static constexpr Duration kRememberRevoked = std::chrono::hours(24);
  static constexpr std::size_t kShards = 64;
  struct Shard {
    mutable std::mutex mutex;
    std::unordered_map<crypto::Sha256, std::shared_ptr<Grant>, crypto::Sha256Hash> by_digest;
    std::unordered_map<std::string, Time> revoked;  // by jti; sharded by its own hash
  };
  std::shared_ptr<Grant> keep(Shard& shard, const crypto::Sha256& digest, const std::shared_ptr<Grant>& grant,
                              Time now);
  bool is_revoked(std::string_view jti) const;
  std::string issuer_url_;
  const SigningKeys& keys_;
  std::size_t shard_capacity_;
  std::unique_ptr<Shard[]> shards_;
};

}  // namespace watchword::access
