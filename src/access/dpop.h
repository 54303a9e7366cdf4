// Proof of possession: RFC 9449 proofs, their replay cache and the gate's nonces.
#pragma once

#include <array>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"

namespace watchword::access {

struct DpopRequest {
  std::string_view proof;         // the DPoP header
  std::string_view method;        // htm
  std::string_view url;           // htu: scheme://authority/path, without query
  std::string_view access_token;  // ath is checked against it; empty at the token endpoint
};

// Any thread. Nonces are derived from a secret of this process and a window of time, so nothing is kept per client.
class Dpop {
 public:
  struct Options {
    bool nonce_required = true;
    Duration proof_age = std::chrono::seconds(60);    // iat at most this old, or this far ahead
    Duration nonce_window = std::chrono::minutes(5);  // a nonce is good in its window and the next
    std::size_t replay_capacity = 200'000;            // full: overloaded, never forgotten early
    std::size_t replay_capacity_of_key = 20'000;      // of these for one key
  };
  Dpop(Options options, Random& random);
  // The RFC 7638 thumbprint of the key that signed the proof. dpop_invalid (found names the check),
  // dpop_nonce_required, dpop_replayed.
  Result<std::string> verify(const DpopRequest& request, Time now);
  std::string nonce(Time now) const;  // for the DPoP-Nonce header

 private:
  std::string nonce_of_window(std::int64_t window) const;
  void sweep(Time now);
  Status remember(const std::string& thumbprint, std::string_view jti, Time until, Time now);
  Options options_;
  std::array<std::uint8_t, 32> secret_{};
  std::mutex mutex_;
  std::unordered_map<std::string, Time> seen_;  // thumbprint + jti
  std::unordered_map<std::string, std::size_t> used_by_key_;
  Time next_sweep_{};
  Time forgotten_ = Time::min();  // proofs good until then may have been seen and forgotten
};

}  // namespace watchword::access
