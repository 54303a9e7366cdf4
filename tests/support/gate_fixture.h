// A whole gate without sockets: real parts on a store in memory, an issuer that the test holds the key of, a clock that
// the test moves. For the tests of access/ and of what stands above it.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "access/token_service.h"
#include "base/clock.h"
#include "base/metrics.h"
#include "context/fact_table.h"
#include "crypto/aead.h"
#include "http/fetch.h"
#include "store/store.h"
#include "support/mint.h"

namespace watchword::testing {

inline constexpr std::string_view kGateUrl = kAudience;  // https://gate.example.com
inline constexpr std::string_view kOtherIssuerUrl = "https://ci.example.org";
inline constexpr std::string_view kServiceIssuerUrl = "https://login.example.org";  // services, which have no job

// Jobs of acme/billing may read billing-api and ledger, and write billing-api once their change is merged; jobs of
// acme/tools must prove possession; those of acme/once exchange once. Services of the team ops may read ledger. Nobody
// may delete.
extern const std::string_view kPolicy;

// A store whose disk the test controls.
class TroubledStore final : public store::Store {
 public:
  explicit TroubledStore(std::unique_ptr<store::Store> real) : real_(std::move(real)) {}

  void fail(bool failing);         // commits deliver store_unavailable, and nothing is written
  void hold();                     // commits wait
  void release(bool let_through);  // the oldest that waits is written, or fails
  void release_all();              // and commits pass again
  std::size_t held() const;

  void commit(store::Batch batch, Done done) override;
  Result<std::vector<store::SessionRow>> sessions(const store::SessionQuery& query) override;
  Result<std::optional<store::SessionRow>> session(std::string_view id) override;
  Status each_session_in_memory(Time now, const std::function<void(store::SessionRow)>& each) override;
  Result<std::vector<store::KeyRow>> keys() override;
  Result<std::vector<store::Revocation>> revocations(Time now) override;
  Status each_fact(Time now, const std::function<void(store::FactRow)>& each) override;
  Result<std::vector<store::Delivery>> deliveries(Time now) override;
  Result<std::optional<std::string>> meta(std::string_view name) override;
  Result<std::uint64_t> log_size() override;
  Result<std::vector<std::string>> log_entries(std::uint64_t from, std::size_t at_most) override;
  std::size_t backlog() const override;
  std::optional<Error> trouble() const override { return real_->trouble(); }
  void on_grown(std::function<void(std::uint64_t)> callback) override;

 private:
  struct Waiting {
    store::Batch batch;
    Done done;
  };
  std::unique_ptr<store::Store> real_;
  mutable std::mutex mutex_;
  bool failing_ = false, holding_ = false;
  std::deque<Waiting> waiting_;
};

// A job's DPoP key.
class DpopKey {
 public:
  DpopKey();
  const std::string& thumbprint() const { return thumbprint_; }
  // A proof for exactly this; `change` may spoil its claims before they are signed. An empty nonce is left out.
  std::string proof(std::string_view method, std::string_view url, Time now, std::string_view nonce,
                    std::string_view access_token = {}, const std::function<void(Json&)>& change = {}) const;

 private:
  crypto::PrivateKey key_;
  std::string thumbprint_;
};

struct GateOptions {
  std::string policy = std::string(kPolicy);
  access::Dpop::Options dpop = {};
  access::SigningConfig signing = {};
  std::vector<access::Client> clients = {};
  std::string store = "sqlite::memory:";
  std::string sealing_key = std::string(32, 'k');
};

struct Ask {
  std::string scope = {};
  std::vector<std::string> audiences = {};
  const DpopKey* key = nullptr;  // proves with the gate's nonce
  bool bearer = false, explain = false;
};

class TestGate {
 public:
  explicit TestGate(GateOptions options = {});
  ~TestGate();

  // An ID token of job `job` of `project`, with every claim of gitlab_claims.
  std::string id_token(std::string_view job = "4711", std::string_view project = "acme/billing") const;
  std::string id_token(const std::function<void(Json&)>& change) const;
  // A token of the service `subject` of the team ops, unlike any other.
  std::string service_token(std::string_view subject) const;

  access::Answer<access::ExchangeReply> exchange(std::string_view token, const Ask& ask = {});
  // For what must succeed: the access token.
  std::string access_token(std::string_view token, const Ask& ask = {});
  // What the door says to a token (as "Bearer", or with a proof by `key`).
  access::Decision decide(std::string_view access_token, std::string_view resource, std::string_view action,
                          const DpopKey* key = nullptr);

  void restart();  // memory is lost; the store stays
  void set_policy(std::string_view text);
  std::vector<Json> log();  // all entries, oldest first
  std::shared_ptr<access::Session> session(std::string_view id);

  ManualClock clock;
  Metrics metrics;
  Issuer issuer, other_issuer;  // the keys of "gitlab"; of "ci" and "login"
  access::TokenService& service() { return *service_; }
  context::FactTable& facts() { return *facts_; }  // what the door knows; new, and empty, after restart()
  access::Clients& clients() { return *clients_; }
  access::SessionTable& sessions() { return *sessions_; }
  access::SigningKeys& keys() { return *keys_; }
  access::Recorder& recorder() { return *recorder_; }
  access::Dpop& dpop() { return *dpop_; }
  TroubledStore& store() { return *store_; }
  Random& random() { return *random_; }

 private:
  void start();
  GateOptions options_;
  std::unique_ptr<Random> random_;
  std::unique_ptr<http::Fetcher> fetcher_;
  std::unique_ptr<crypto::SealingKey> sealing_;
  std::unique_ptr<TroubledStore> store_;
  std::unique_ptr<issuer::Issuers> issuers_;
  std::shared_ptr<const policy::Policy> policy_;
  std::shared_ptr<context::FactTable> facts_;
  std::unique_ptr<access::SigningKeys> keys_;
  std::unique_ptr<access::AccessTokens> tokens_;
  std::unique_ptr<access::SessionTable> sessions_;
  std::unique_ptr<access::Dpop> dpop_;
  std::unique_ptr<access::Recorder> recorder_;
  std::unique_ptr<access::Clients> clients_;
  std::unique_ptr<access::TokenService> service_;
};

std::shared_ptr<const policy::Policy> parse_policy(std::string_view text);

}  // namespace watchword::testing
