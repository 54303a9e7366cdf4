// The trusted issuers: token text in, principal out.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/result.h"
#include "issuer/key_source.h"
#include "issuer/profile.h"
#include "jose/jwt.h"
#include "net/task.h"

namespace watchword::issuer {

struct IssuerConfig {
  std::string name;  // "gitlab"
  Profile profile;
  jose::Expectations expectations;  // issuer = url, audiences, algorithms, skew, max_age
  KeySourceConfig keys;             // issuer_name and issuer_url are taken from the two above
};

class Issuers {
 public:
  // config_invalid, with the issuer's name: no name, two issuers of one name or url, what jose::Verifier::make and
  // check(KeySourceConfig) refuse, a machine mapping that is neither of a job nor of a service. `fetcher`, `clock` and
  // `metrics` must outlive the issuers; the loops on which someone waits in authenticate() must, too.
  static Result<std::unique_ptr<Issuers>> make(std::vector<IssuerConfig> configs, http::Fetcher& fetcher,
                                               const Clock& clock, Metrics& metrics);
  virtual ~Issuers() = default;

  // Verifies the token and maps it. Suspends only when the kid is unknown, or no keys are in hand, and a fetch is under
  // way or due. On a loop. The token's text must stay until the task ends.
  // Errors: those of jose::UnverifiedToken::parse and jose::Verifier::verify and of the profile; issuer_unknown;
  // issuer_unavailable or key_set_invalid also for an unknown kid while the issuer's keys cannot be fetched, as then
  // nobody knows whether the key is good.
  virtual net::Task<Result<Principal>> authenticate(std::string_view token) = 0;
  // The same without ever fetching, for the CLI's explain and for offline use. Any thread.
  virtual Result<Principal> authenticate_with_keys_in_hand(std::string_view token) const = 0;

  struct Health {
    std::string name;
    bool ready;                    // there are keys to verify with
    std::optional<Error> trouble;  // why the last fetch failed
  };
  virtual std::vector<Health> health() const = 0;  // in the order of the configuration
};

}  // namespace watchword::issuer
