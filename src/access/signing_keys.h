// The keys with which Watchword signs tokens: kept sealed in the store, published ahead, retired late.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/published.h"
#include "base/random.h"
#include "base/result.h"
#include "crypto/aead.h"
#include "crypto/key.h"
#include "jose/jwk.h"
#include "store/store.h"

namespace watchword::access {

struct SigningConfig {
  crypto::Algorithm algorithm = crypto::Algorithm::es256;  // es256, eddsa or rs256
  Duration rotate_every = std::chrono::hours(24);
  Duration publish_ahead = std::chrono::hours(1);
  Duration longest_token = std::chrono::hours(24);  // an old key is kept this long after its last use
};

// What signs and what verifies at one moment. Immutable.
struct KeyRing {
  std::string kid;  // of the active key
  crypto::Algorithm algorithm{};
  std::shared_ptr<const crypto::PrivateKey> active;
  jose::KeySet verify_with;  // next, active and retiring keys
  std::string jwks;          // the published document
};

class SigningKeys {
 public:
  // Loads the keys from the store, or makes the first. key_invalid when the sealing key does not open them.
  static Result<std::unique_ptr<SigningKeys>> open(store::Store& store, const crypto::SealingKey& sealing,
                                                   SigningConfig config, const Clock& clock, Random& random);
  std::shared_ptr<const KeyRing> ring() const { return ring_.get(); }
  // Makes, activates and drops keys as their times come; each step is durable and recorded before it counts. Called by
  // the maintenance thread, about once a second.
  Status tick(Time now);

  struct Info {
    std::string kid, algorithm, state;
    Time created, activates, expires;
  };
  std::vector<Info> list() const;
  Status rotate(std::string_view why, Time now);                        // the next key signs from now on
  Status retire(std::string_view kid, std::string_view why, Time now);  // gone from the key set at once; not the active

 private:
  struct Held;
  SigningKeys(store::Store& store, const crypto::SealingKey& sealing, SigningConfig config, Random& random);
  std::shared_ptr<Held> find_state(std::string_view state) const;
  Result<std::shared_ptr<Held>> make(std::string_view state, Time activates, Time now);
  Status advance(Time now);
  Status promote(Held& active, Held& next, std::string_view why, Time now);
  Status save(const Held& held, std::string_view change, std::string_view why, Time now);
  Status drop(const Held& held, std::string_view why, Time now);
  void publish();
  store::Store& store_;
  const crypto::SealingKey& sealing_;
  SigningConfig config_;
  Random& random_;
  mutable std::mutex mutex_;  // of held_; the request path reads only ring_
  std::vector<std::shared_ptr<Held>> held_;
  bool changed_ = true;  // held_ is not what ring_ shows
  Published<KeyRing> ring_;
};

}  // namespace watchword::access
