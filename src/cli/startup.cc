#include "cli/startup.h"

#include <algorithm>

#include "base/file.h"
#include "base/text.h"
#include "cli/envoy_options.h"
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

Result<std::shared_ptr<net::TlsServerContext>> ext_authz_context(const Config& config) {
  if (config.ext_authz_client_ca.empty()) return nullptr;
  auto files = *config.tls;
  files.client_ca = config.ext_authz_client_ca;
  return net::TlsServerContext::make(std::move(files), {"h2", "http/1.1"});
}

Error at(Error error, std::string place) {
  error.where = error.where.empty() ? std::move(place) : place + ": " + error.where;
  return error;
}

std::vector<api::HookSource> hooks_of(const Config& config, std::vector<Error>& errors) {
  std::vector<api::HookSource> hooks;
  for (const auto& source : config.live_sources) {
    auto made = hook_sources({source});
    if (made)
      std::ranges::move(*made, std::back_inserter(hooks));
    else
      errors.push_back(at(std::move(made).error(), "issuers." + source.issuer + ".webhook_secret"));
  }
  return hooks;
}

void check_api_tokens(const Config& config, std::vector<Error>& errors) {
  for (const auto& source : config.live_sources) {
    if (source.api_token.empty()) continue;
    if (auto token = resolve_secret(source.api_token); !token)
      errors.push_back(at(std::move(token).error(), "issuers." + source.issuer + ".api_token"));
  }
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

std::vector<Error> resource_misfits(const Config& config, const policy::Policy& policy) {
  std::vector<std::string> names;
  for (const auto* resource : policy.resources()) names.push_back(resource->name());
  std::vector<Error> errors;
  const auto check = [&](const std::vector<std::string>& resources, const std::string& where) {
    for (const auto& wanted : resources) {
      if (std::ranges::find(names, wanted) != names.end()) continue;
      const auto meant = nearest(wanted, names);
      errors.push_back({Reason::config_invalid, "the resource '" + wanted + "'", "a resource of the policy", where,
                        meant ? "did you mean '" + *meant + "'?" : ""});
    }
  };
  for (const auto& client : config.clients) check(client.resources, "clients." + client.id + ".resources");
  for (const auto& node : config.envoy_nodes) check(node.options.resources, "envoy.nodes." + node.name + ".resources");
  return errors;
}

std::expected<Startup, std::vector<Error>> load_startup(const Config& config) {
  std::vector<Error> errors;
  auto sealing = sealing_key(config);
  if (!sealing) errors.push_back(sealing.error());
  auto tls = tls_context(config);
  if (!tls) errors.push_back(tls.error());
  auto ext_authz_tls = ext_authz_context(config);
  if (!ext_authz_tls) errors.push_back(at(ext_authz_tls.error(), "ext_authz.client_ca"));
  auto hooks = hooks_of(config, errors);
  check_api_tokens(config, errors);
  auto policy = load_policy(config);
  if (!policy) std::ranges::move(policy.error(), std::back_inserter(errors));
  auto nodes = envoy_nodes(config);
  if (!nodes) std::ranges::move(nodes.error(), std::back_inserter(errors));
  if (!errors.empty()) return std::unexpected(std::move(errors));
  return Startup{*std::move(sealing), *std::move(tls),    *std::move(ext_authz_tls),
                 std::move(hooks),    *std::move(policy), *std::move(nodes)};
}

}  // namespace watchword::cli
