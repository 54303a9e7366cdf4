// Watchword-Assertion: the short signed JWT that tells a backend which job is calling. Audience is the resource's name.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "access/session.h"
#include "access/signing_keys.h"
#include "base/clock.h"
#include "base/result.h"

namespace watchword::access {

// Lives 60 s and is signed anew after 30 s, so that a busy session costs one signature in that time. Any thread.
class Assertions {
 public:
  Assertions(std::string issuer_url, const SigningKeys& keys) : issuer_url_(std::move(issuer_url)), keys_(keys) {}
  // Claims: iss, aud, sub, iat, exp, sid, job (as in the access token). typ "watchword-assertion+jwt".
  Result<std::string> for_session(const Session& session, std::string_view resource, Time now);
  void forget_expired(Time now);

 private:
  struct Made {
    std::string jwt;
    Time renew_at;
  };
  static constexpr std::size_t kShards = 16;
  struct Shard {
    std::mutex mutex;
    std::unordered_map<std::string, Made> by_key;  // session id + resource
  };
  std::string issuer_url_;
  const SigningKeys& keys_;
  Shard shards_[kShards];
};

}  // namespace watchword::access
