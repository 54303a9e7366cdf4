#include "support/gate_fixture.h"

#include <cstdlib>
#include <iostream>
#include <utility>

#include "access/token_claims.h"
#include "base/encoding.h"
#include "crypto/digest.h"
#include "jose/jws.h"
#include "net/loop.h"

namespace watchword::testing {
namespace {

const Time kStart = from_unix(1'790'000'000);

// SeededRandom, for several threads.
class SharedRandom final : public Random {
 public:
  void fill(std::span<std::uint8_t> out) override {
    std::lock_guard lock(mutex_);
    random_.fill(out);
  }

 private:
  std::mutex mutex_;
  SeededRandom random_{7};
};

class NoNetwork final : public http::Fetcher {
 public:
  Result<http::FetchReply> send(const http::FetchRequest& request, const http::FetchOptions&) override {
    return fail(Reason::issuer_unavailable, request.url, "keys in hand");
  }
};

issuer::IssuerConfig issuer_config(std::string name, std::string_view url, const Issuer& issuer) {
  issuer::IssuerConfig config;
  config.name = std::move(name);
  config.profile.name = issuer::ProfileName::gitlab;
  config.expectations.issuer = url;
  config.expectations.audiences = {std::string(kAudience)};
  config.expectations.algorithms = {issuer.algorithm};
  config.keys.jwks_inline = issuer.jwks();
  return config;
}

issuer::IssuerConfig service_issuer_config(const Issuer& issuer) {
  auto config = issuer_config("login", kServiceIssuerUrl, issuer);
  config.profile = {issuer::ProfileName::generic, issuer::MachineMapping{}};
  return config;
}

template <class T>
T must(std::expected<T, Error> result) {
  if (!result) {
    std::cerr << to_string(result.error()) << "\n";
    std::abort();
  }
  return *std::move(result);
}

}  // namespace

const std::string_view kPolicy = R"(
resources:
  billing-api:
    http: { upstream: "https://billing.internal.example.com", host: billing.gate.example.com }
    actions:
      read: { methods: [GET, HEAD] }
      write: { methods: [POST, PUT], paths: [/v1/**] }
      delete: { methods: [DELETE] }
  ledger:
    http: { upstream: "https://ledger.internal.example.com", prefix: /ledger }
    actions:
      read: { methods: [GET] }
roles:
  deploy:
    granted_to:
      - job: { issuer: gitlab, project_path: acme/billing }
      - job: { issuer: ci, project_path: acme/billing }
    allow:
      - billing-api/read
      - ledger/read
      - permission: billing-api/write
        when: context.merged(into = "main", sha = job.sha)
    session: { ttl: 15m }
  tools:
    granted_to:
      - job: { issuer: gitlab, project_path: acme/tools }
    allow: [ledger/read]
    session: { ttl: 15m, proof: dpop }
  once:
    granted_to:
      - job: { issuer: gitlab, project_path: acme/once }
    allow: [ledger/read]
    session: { ttl: 15m, exchanges: once }
  robots:
    granted_to:
      - service: { issuer: login, team: ops }
    allow: [ledger/read]
    session: { ttl: 15m }
)";

std::shared_ptr<const policy::Policy> parse_policy(std::string_view text) {
  auto policy = policy::Policy::parse({{"policy.yaml", std::string(text)}});
  if (!policy) {
    for (const auto& error : policy.error()) std::cerr << to_string(error) << " " << error.where << "\n";
    std::abort();
  }
  return *std::move(policy);
}

DpopKey::DpopKey()
    : key_(must(crypto::PrivateKey::generate(crypto::KeyType::p256))),
      thumbprint_(jose::thumbprint(key_.public_key())) {}

std::string DpopKey::proof(std::string_view method, std::string_view url, Time now, std::string_view nonce,
                           std::string_view access_token, const std::function<void(Json&)>& change) const {
  SystemRandom random;
  auto claims = Json::object({{"jti", random_token(random)}, {"htm", method}, {"htu", url}, {"iat", to_unix(now)}});
  if (!nonce.empty()) claims.set("nonce", nonce);
  if (!access_token.empty()) claims.set("ath", to_base64url(crypto::sha256(access_token)));
  if (change) change(claims);
  // The header's jwk has no kid, use or alg: RFC 9449 4.2 wants the public key only.
  auto ec = key_.public_key().ec();
  auto jwk = Json::object({{"kty", "EC"}, {"crv", "P-256"}, {"x", to_base64url(ec.x)}, {"y", to_base64url(ec.y)}});
  return must(
      jose::sign_jws(key_, crypto::Algorithm::es256, {.typ = "dpop+jwt", .kid = "", .jwk = &jwk}, claims.dump()));
}

TestGate::TestGate(GateOptions options)
    : clock(kStart),
      issuer(Issuer::make()),
      other_issuer(Issuer::make()),
      options_(std::move(options)),
      random_(std::make_unique<SharedRandom>()),
      fetcher_(std::make_unique<NoNetwork>()),
      sealing_(std::make_unique<crypto::SealingKey>(
          must(crypto::SealingKey::from_secret(Secret(std::string_view(options_.sealing_key)))))),
      policy_(parse_policy(options_.policy)) {
  store_ = std::make_unique<TroubledStore>(must(store::open_store({.url = options_.store})));
  issuers_ = must(
      issuer::Issuers::make({issuer_config("gitlab", kIssuerUrl, issuer),
                             issuer_config("ci", kOtherIssuerUrl, other_issuer), service_issuer_config(other_issuer)},
                            *fetcher_, clock, metrics));
  start();
}

TestGate::~TestGate() = default;

void TestGate::start() {
  std::string url(kGateUrl);
  keys_ = must(access::SigningKeys::open(*store_, *sealing_, options_.signing, clock, *random_));
  tokens_ = std::make_unique<access::AccessTokens>(url, *keys_);
  sessions_ = std::make_unique<access::SessionTable>();
  dpop_ = std::make_unique<access::Dpop>(options_.dpop, *random_);
  recorder_ = std::make_unique<access::Recorder>(*store_, clock, *random_, metrics);
  clients_ = std::make_unique<access::Clients>(options_.clients, std::vector{url, url + "/oauth/introspect"});
  access::Parts parts{url,        url + ":8444", *issuers_,  *store_, *keys_, *tokens_,
                      *sessions_, *dpop_,        *recorder_, metrics, clock,  *random_};
  facts_ = std::make_shared<context::FactTable>(context::FactLimits{}, clock);
  service_ = std::make_unique<access::TokenService>(parts, policy_, facts_);
  if (auto restored = service_->restore(); !restored) std::abort();
}

void TestGate::restart() {
  service_.reset();
  start();
}

void TestGate::set_policy(std::string_view text) {
  policy_ = parse_policy(text);
  service_->set_policy(policy_);
}

std::string TestGate::id_token(std::string_view job, std::string_view project) const {
  return id_token([&](Json& claims) {
    claims.set("job_id", job);
    for (const auto* path : {"project_path", "job_project_path"}) claims.set(path, project);
  });
}

std::string TestGate::id_token(const std::function<void(Json&)>& change) const {
  auto claims = gitlab_claims(clock.now());
  change(claims);
  return (claims.string_or("iss", "") == kOtherIssuerUrl ? other_issuer : issuer).mint(claims);
}

std::string TestGate::service_token(std::string_view subject) const {
  auto now = to_unix(clock.now());
  return other_issuer.mint(Json::object({{"iss", kServiceIssuerUrl},
                                         {"sub", subject},
                                         {"aud", kAudience},
                                         {"iat", now},
                                         {"exp", now + 3600},
                                         {"jti", random_token(*random_)},
                                         {"team", "ops"}}));
}

access::Answer<access::ExchangeReply> TestGate::exchange(std::string_view token, const Ask& ask) {
  const std::string url = std::string(kGateUrl) + "/oauth/token";
  std::string proof;
  access::ExchangeRequest request{.subject_token = token,
                                  .audiences = ask.audiences,
                                  .scope = must(access::parse_scope(ask.scope)),
                                  .dpop = {},
                                  .ci_job_token = {},
                                  .bearer = ask.bearer,
                                  .explain = ask.explain,
                                  .origin = {"request", "trace", "192.0.2.7:1234"}};
  if (ask.key) {
    proof = ask.key->proof("POST", url, clock.now(), dpop_->nonce(clock.now()));
    request.dpop = access::DpopRequest{proof, "POST", url, {}};
  }
  return net::run_blocking(service_->exchange(std::move(request)));
}

std::string TestGate::access_token(std::string_view token, const Ask& ask) {
  auto reply = exchange(token, ask);
  if (!reply) must<int>(std::unexpected(reply.error().error));
  return reply->access_token;
}

access::Decision TestGate::decide(std::string_view access_token, std::string_view resource, std::string_view action,
                                  const DpopKey* key) {
  const std::string url = "https://billing.gate.example.com/v1/invoices";
  const std::string authorization = (key ? "DPoP " : "Bearer ") + std::string(access_token);
  std::string proof;
  access::DpopRequest dpop;
  if (key) {
    proof = key->proof("GET", url, clock.now(), dpop_->nonce(clock.now()), access_token);
    dpop = {proof, "GET", url, {}};
  }
  auto presented = service_->present(&authorization, dpop, clock.now());
  if (!presented) {
    access::Decision refused;
    refused.refusal = std::move(presented).error();
    return refused;
  }
  return access::decide(service_->snapshot(), *presented->session, *presented->grant,
                        {resource, action, "GET", "/v1/invoices", "billing.gate.example.com"}, clock.now());
}

std::vector<Json> TestGate::log() {
  must(store_->commit_and_wait({}));  // what was queued before is written before
  std::vector<Json> entries;
  for (const auto& text : must(store_->log_entries(0, 100'000))) entries.push_back(must(parse_json(text)));
  return entries;
}

std::shared_ptr<access::Session> TestGate::session(std::string_view id) { return sessions_->find(id); }

}  // namespace watchword::testing
