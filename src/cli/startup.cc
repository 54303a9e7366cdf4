#include "cli/startup.h"

#include <algorithm>

#include "base/file.h"
#include "cli/live.h"
#include "policy/misfits.h"

namespace watchword::cli {
namespace {

Result<crypto::SealingKey> sealing_key(const Config& config) {
  WW_TRY(auto secret, resolve_secret(config.sealing_key));
  return crypto::SealingKey::from_secret(secret);
}

Result<std::shared_ptr<net::TlsServerContext>> tls_context(const Config& config) {
  if (!config.tls) return nullptr;
  return net::TlsServerContext::make(*config.tls);
}

}  // namespace

std::expected<LoadedPolicy, std::vector<Error>> load_policy(const Config& config) {
  auto policy = policy::Policy::load(config.policy_directory);
  if (!policy) return std::unexpected(std::move(policy).error());
  auto errors = policy::misfits(**policy, configured_issuers(config));
  auto routes = gateway::Routes::make(*policy);
  if (!routes) std::ranges::move(routes.error(), std::back_inserter(errors));
  if (!errors.empty()) return std::unexpected(std::move(errors));
  return LoadedPolicy{*std::move(policy), *std::move(routes)};
}

std::expected<Startup, std::vector<Error>> load_startup(const Config& config) {
  std::vector<Error> errors;
  auto sealing = sealing_key(config);
  if (!sealing) errors.push_back(sealing.error());
  auto tls = tls_context(config);
  if (!tls) errors.push_back(tls.error());
  auto hooks = hook_sources(config.live_sources);
  if (!hooks) errors.push_back(hooks.error());
  auto policy = load_policy(config);
  if (!policy) std::ranges::move(policy.error(), std::back_inserter(errors));
  if (!errors.empty()) return std::unexpected(std::move(errors));
  return Startup{*std::move(sealing), *std::move(tls), *std::move(hooks), *std::move(policy)};
}

}  // namespace watchword::cli
