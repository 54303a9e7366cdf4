// The key with which a job proves that its tokens are its own (RFC 9449), and the gate's nonce for proofs.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/published.h"
#include "base/random.h"
#include "base/result.h"
#include "base/secret.h"
#include "crypto/key.h"

namespace watchword::job {

// The gate's newest nonce, and when it came. Any thread.
class Nonce {
 public:
  struct Value {
    std::string text;
    Time since;
  };
  void saw(std::string_view text, Time now);  // a DPoP-Nonce header
  std::shared_ptr<const Value> get() const;   // null before the first
  bool stale(Time now) const;                 // none, or so old that the gate may refuse it

 private:
  Published<Value> value_;
};

struct ProofRequest {
  std::string_view method, url;   // htm, htu: without query and fragment
  std::string_view access_token;  // for ath; empty at the token endpoint
};

// Ed25519. Derived (HKDF-SHA256, RFC 5869) from the job's own secrets, so that each run inside one job proves the same
// key though none is ever stored: a session is bound to one key. Never leaves the process. Any thread.
class ProofKey {
 public:
  static Result<ProofKey> derive(const Secret& id_token, const Secret& job_token);  // job_token may be empty
  const std::string& thumbprint() const { return thumbprint_; }
  // A new proof, good for one request.
  Result<std::string> proof(const ProofRequest& request, const Nonce& nonce, Time now, Random& random) const;

 private:
  ProofKey(crypto::PrivateKey key, std::string thumbprint) : key_(std::move(key)), thumbprint_(std::move(thumbprint)) {}
  crypto::PrivateKey key_;
  std::string thumbprint_;
};

}  // namespace watchword::job
