#include "cli/gate.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "access/sealed_keys.h"
#include "audit/checkpoint.h"
#include "base/file.h"
#include "base/log.h"
#include "net/resolver.h"
#include "terminal/version.h"

namespace watchword::cli {
namespace {

constexpr std::string_view kRetry = "tried again";

bool same(const Error& one, const Error& other) {
  return one.reason == other.reason && one.found == other.found && one.where == other.where;
}

}  // namespace

Gate::Gate(Config config, const Clock& clock, Random& random)
    : config_(std::move(config)), policy_files_(config_.policy_directory), clock_(clock), random_(random) {}

Gate::~Gate() {
  {
    std::lock_guard lock(stop_mutex_);
    stopping_ = true;
  }
  stop_.notify_all();
  if (maintenance_.joinable()) maintenance_.join();
  api_.reset();
  gateway_.reset();
  admin_.reset();
  metrics_server_.reset();
  if (envoy_) envoy_->close();
  // Requests that still wait are given up while all that they refer to is there.
  if (loops_) loops_->stop();
  if (live_) live_->stop();
  if (store_) static_cast<void>(store_->commit_and_wait({}));  // nobody is told anything after this
}

std::expected<std::unique_ptr<Gate>, std::vector<Error>> Gate::start(Config config, http::Fetcher& fetcher,
                                                                     const Clock& clock, Random& random) {
  std::unique_ptr<Gate> gate(new Gate(std::move(config), clock, random));
  if (auto opened = gate->open(fetcher); !opened) return std::unexpected(std::move(opened).error());
  return gate;
}

std::expected<void, std::vector<Error>> Gate::open(http::Fetcher& fetcher) {
  auto one = [](Error error) { return std::unexpected(std::vector<Error>{std::move(error)}); };
  auto startup = load_startup(config_);
  if (!startup) return std::unexpected(std::move(startup).error());
  tls_ = std::move(startup->tls);
  ext_authz_tls_ = std::move(startup->ext_authz_tls);
  if (auto opened = open_state(std::move(startup->sealing)); !opened) return one(std::move(opened).error());

  auto issuers = issuer::Issuers::make(config_.issuers, fetcher, clock_, metrics_);
  if (!issuers) return one(std::move(issuers).error());
  issuers_ = *std::move(issuers);

  auto [policy, routes] = std::move(startup->policy);
  for (const auto& misfit : resource_misfits(config_, *policy))
    log::warn("a resource is named that is not there", misfit);
  if (auto recorded = record_policy(*policy, "start"); !recorded) return one(std::move(recorded).error());

  if (auto made = make_service(std::move(policy)); !made) return one(std::move(made).error());
  make_ways_in(std::move(routes), std::move(startup->nodes));
  auto live = LiveContext::start(config_, *facts_, *service_, fetcher);
  if (!live) return one(std::move(live).error());
  live_ = *std::move(live);
  api::add_hooks(api_router_, std::move(startup->hooks),
                 {.intake = live_->intake(),
                  .recorder = *recorder_,
                  .clock = clock_,
                  .random = random_,
                  .groups = &live_->groups()});
  add_endpoints();
  if (auto listening = listen(); !listening) return one(std::move(listening).error());
  if (auto recorded = record_life(audit::Event::gate_started); !recorded) return one(std::move(recorded).error());
  maintenance_ = std::thread([this] { maintain(); });
  return {};
}

// What must outlive a restart: the store, the keys in it, the public form of the log.
Status Gate::open_state(crypto::SealingKey sealing) {
  WW_TRY(store_, store::open_store({.url = config_.store, .metrics = &metrics_}));
  sealing_ = std::make_unique<crypto::SealingKey>(std::move(sealing));
  WW_TRY(auto log_key, access::log_key(*store_, *sealing_, clock_, random_));
  log_verifier_key_ = audit::verifier_key(config_.log_origin, log_key.public_key());
  WW_TRY(publisher_, audit::Publisher::start(
                         *store_, std::move(log_key),
                         {.directory = config_.log_directory, .origin = config_.log_origin, .metrics = &metrics_}));
  WW_TRY(keys_, access::SigningKeys::open(*store_, *sealing_, config_.signing, clock_, random_));
  return {};
}

// What decides.
Status Gate::make_service(std::shared_ptr<const policy::Policy> policy) {
  facts_ = std::make_shared<context::FactTable>(config_.facts, clock_);
  recorder_ = std::make_unique<access::Recorder>(*store_, clock_, random_, metrics_);
  tokens_ = std::make_unique<access::AccessTokens>(config_.url, *keys_);
  dpop_ = std::make_unique<access::Dpop>(config_.dpop, random_);
  clients_ = std::make_unique<access::Clients>(
      config_.clients, std::vector{config_.url, config_.url + "/oauth/token", config_.url + "/oauth/introspect",
                                   config_.url + "/oauth/revoke"});
  service_ = std::make_unique<access::TokenService>(
      access::Parts{config_.url, config_.gateway_url, *issuers_, *store_, *keys_, *tokens_, sessions_, *dpop_,
                    *recorder_, metrics_, clock_, random_},
      std::move(policy), facts_);
  assertions_ = std::make_unique<access::Assertions>(config_.url, *keys_);
  return service_->restore();
}

// By what requests come to it, beside the API.
void Gate::make_ways_in(std::shared_ptr<const gateway::Routes> routes, std::vector<envoy::XdsNodeConfig> nodes) {
  unsigned cores = std::max(1u, std::thread::hardware_concurrency());
  loops_ = std::make_unique<net::LoopPool>(config_.threads ? config_.threads : cores,
                                           net::Resolver::make({.servers = config_.dns_servers}));
  flights_ = std::make_unique<access::LiveFlights>(*service_, loops_->loops());
  service_->watch(*flights_);
  proxy_ = gateway::Proxy::make({*service_, *assertions_, *recorder_, metrics_, clock_, random_, *flights_,
                                 loops_->loops(), config_.request_records},
                                std::move(routes));
  envoy_ =
      std::make_unique<EnvoyServer>(config_, EnvoyServer::Parts{*service_, *assertions_, *flights_}, std::move(nodes));
}

void Gate::add_endpoints() {
  auto ready = [this] { return readiness(); };
  api::add_oauth(api_router_, *service_, *clients_);
  api::add_health(api_router_, ready);
  api::add_log(api_router_, config_.log_directory,
               config_.log_public ? api::LogEntries::served : api::LogEntries::hidden);
  api::add_log(admin_router_, config_.log_directory, api::LogEntries::served);
  api::add_metrics(config_.metrics ? metrics_router_ : api_router_, metrics_);
  auto reload = [this] {
    auto reloaded = reload_policy("asked for by the admin API");
    return reloaded ? std::vector<Error>() : std::move(reloaded).error();
  };
  auto context = [this] { return live_->health(); };
  auto envoy = [this] { return envoy_->health(); };
  api::add_admin(admin_router_,
                 {*service_, *facts_, *store_, reload, ready, std::string(terminal::kVersion), context, envoy});
}

Result<std::unique_ptr<http::Server>> Gate::serve(const net::Address& address, std::string_view name,
                                                  http::Handler& handler, bool tls, const http::ServerLimits& limits) {
  http::Server::Options options{
      .address = address, .tls = tls ? tls_ : nullptr, .limits = limits, .metrics = &metrics_, .name = name};
  return http::Server::start(loops_->loops(), options, handler);
}

// The API last: once /healthz answers, everything does.
Status Gate::listen() {
  WW_CHECK(make_directories(std::filesystem::path(config_.admin.unix_path).parent_path().string()));
  WW_TRY(admin_, serve(config_.admin, "admin", admin_router_, false, config_.limits));
  if (config_.metrics) {
    WW_TRY(metrics_server_, serve(*config_.metrics, "metrics", metrics_router_, false, config_.limits));
  }
  WW_TRY(gateway_, serve(config_.gateway, "gateway", *proxy_, true, gateway::Proxy::limits(config_.limits)));
  WW_CHECK(envoy_->listen(loops_->loops(), ext_authz_tls_));
  WW_TRY(api_, serve(config_.api, "api", api_router_, true, config_.limits));
  return {};
}

std::expected<void, std::vector<Error>> Gate::reload_policy(std::string_view why) {
  std::lock_guard lock(policy_mutex_);
  auto loaded = load_policy(config_);
  if (!loaded) return refuse_policy(std::move(loaded).error(), why);
  bool mended = !policy_trouble_.empty();  // written under policy_mutex_ only
  if (mended || loaded->policy->digest() != service_->snapshot().policy->digest())
    if (auto recorded = record_policy(*loaded->policy, why); !recorded)
      return refuse_policy({std::move(recorded).error()}, why);
  proxy_->set_routes(std::move(loaded->routes));
  envoy_->set_policy(loaded->policy);
  service_->set_policy(std::move(loaded->policy));
  std::lock_guard trouble(trouble_mutex_);
  policy_trouble_.clear();
  return {};
}

std::expected<void, std::vector<Error>> Gate::refuse_policy(std::vector<Error> errors, std::string_view why) {
  show_refused(true);
  // An attempt that nobody asked for and that finds the same trouble again is no news.
  bool news = why != kRetry || policy_trouble_.empty() || !same(errors.front(), policy_trouble_.front());
  if (news) {
    for (const auto& error : errors) log::error("the new policy is refused; the one in force stays", error);
    record_refused_policy(errors.front(), why);
  }
  std::lock_guard trouble(trouble_mutex_);
  policy_trouble_ = errors;
  return std::unexpected(std::move(errors));
}

// A change is taken up; what was refused is tried again, as its cause may pass: a full disk, a secret that comes late.
void Gate::keep_policy_fresh(Time now) {
  if (policy_files_.settled_change()) {
    policy_retry_.reset();
    // reload_policy logs, records and shows its own failure, here and below.
    static_cast<void>(reload_policy("the files changed"));
  } else if (policy_retry_.due(now)) {
    static_cast<void>(reload_policy(kRetry));
  } else if (policy_retry_.waits()) {
    return;
  }
  std::lock_guard lock(trouble_mutex_);
  if (policy_trouble_.empty())
    policy_retry_.reset();
  else
    policy_retry_.failed(now);
}

audit::Entry Gate::policy_entry(audit::Outcome outcome, std::string_view why) {
  audit::Entry entry;
  entry.time = clock_.now();
  entry.id = make_ulid(entry.time, random_);
  entry.event = audit::Event::policy_loaded;
  entry.outcome = outcome;
  entry.why = why;
  return entry;
}

void Gate::show_refused(bool refused) {
  metrics_.gauge("watchword_policy_refused", "1 while the policy on disk is refused").set(refused ? 1 : 0);
}

// A policy decides nothing before its digest is on record.
Status Gate::record_policy(const policy::Policy& loaded, std::string_view why) {
  auto entry = policy_entry(audit::Outcome::allow, why);
  entry.policy = loaded.digest();
  WW_CHECK(store_->commit_and_wait({{}, {audit::to_canonical(entry)}}));
  show_refused(false);
  auto rules = static_cast<std::int64_t>(loaded.rule_count());
  metrics_.gauge("watchword_policy_rules", "Rules of the policy in force").set(rules);
  log::info("policy in force", {{"digest", loaded.digest()}, {"rules", rules}});
  return {};
}

void Gate::record_refused_policy(const Error& error, std::string_view why) {
  auto entry = policy_entry(audit::Outcome::deny, why);
  access::Recorder::describe(entry, error);
  entry.detail.set("where", error.where);
  auto written = store_->commit_and_wait({{}, {audit::to_canonical(entry)}});
  if (!written) log::error("a refused policy could not be recorded", written.error());
}

Status Gate::record_life(audit::Event event) {
  auto entry = recorder_->start(event);
  entry.outcome = audit::Outcome::allow;
  entry.policy = service_->snapshot().policy->digest();
  entry.detail = Json::object({{"version", terminal::kVersion}});
  return recorder_->commit_and_wait(entry);
}

std::vector<api::Readiness> Gate::readiness() const {
  std::vector<api::Readiness> parts;
  {
    // A refused edit leaves the gate able to serve; the detail says that what is on disk is not what is in force.
    std::lock_guard lock(trouble_mutex_);
    auto detail = policy_trouble_.empty() ? service_->snapshot().policy->digest()
                                          : "the policy on disk is refused: " + to_string(policy_trouble_.front());
    parts.push_back({"policy", true, std::move(detail)});
  }
  auto trouble = store_->trouble();
  parts.push_back({"store", !trouble, trouble ? to_string(*trouble) : "it can be written"});
  // The jobs of one issuer do not suffer for another's outage; with none of them nothing can be done.
  const auto issuers = issuers_->health();
  const bool some = std::ranges::any_of(issuers, &issuer::Issuers::Health::ready);
  for (const auto& health : issuers)
    parts.push_back({"issuer " + health.name, health.ready, health.trouble ? to_string(*health.trouble) : "", !some});
  return parts;
}

void Gate::maintain() {
  std::unique_lock lock(stop_mutex_);
  while (!stop_.wait_for(lock, std::chrono::milliseconds(500), [this] { return stopping_; })) {
    lock.unlock();
    auto now = clock_.now();
    keep_policy_fresh(now);  // first, as it may be an urgent fence
    // While nothing can be written nobody is sent here, so whether that is over must be tried out.
    if (store_->trouble()) static_cast<void>(store_->commit_and_wait({{store::SetMeta{"tried", to_rfc3339(now)}}, {}}));
    if (auto status = keys_->tick(now); !status) log::error("signing keys could not be advanced", status.error());
    if (auto status = service_->sweep(now); !status) log::error("ended sessions could not be recorded", status.error());
    service_->rights_changed();  // time passes: windows begin, facts grow old
    assertions_->forget_expired(now);
    if (auto status = live_->sweep(now); !status) log::error("old facts could not be dropped", status.error());
    keep_certificates_fresh();
    lock.lock();
  }
}

void Gate::keep_certificates_fresh() {
  for (auto* tls : {tls_.get(), ext_authz_tls_.get()}) {
    if (!tls) continue;
    auto reloaded = tls->reload_if_changed();
    if (!reloaded)
      log::error("the new certificate is refused; the one in force stays", reloaded.error());
    else if (*reloaded)
      log::info("new certificate in force");
  }
  envoy_->keep_fresh();
}

void Gate::drain() {
  auto until = net::Steady::now() + std::chrono::duration_cast<net::Steady::duration>(config_.drain);
  std::vector<http::Server*> servers;
  for (auto* server : {api_.get(), gateway_.get(), envoy_->listener(), metrics_server_.get(), admin_.get()})
    if (server) servers.push_back(server);
  for (auto* server : servers) server->begin_drain();
  envoy_->end_idle_calls();
  for (auto* server : servers)
    if (!server->drain(until - net::Steady::now())) log::warn("requests were cut at the end of the drain time");
  if (auto recorded = record_life(audit::Event::gate_stopped); !recorded)
    log::error("the stop could not be recorded", recorded.error());
  if (auto published = publisher_->publish_now(); !published)
    log::error("the log could not be published", published.error());
}

}  // namespace watchword::cli
