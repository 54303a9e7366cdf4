// What a gate needs of its files before it opens its store: `serve` begins with it, `config check` ends with it.
#pragma once

#include <expected>
#include <memory>
#include <vector>

#include "api/hooks.h"
#include "cli/config.h"
#include "crypto/aead.h"
#include "envoy/xds_node.h"
#include "gateway/routes.h"

namespace watchword::cli {

struct LoadedPolicy {
  std::shared_ptr<const policy::Policy> policy;
  std::shared_ptr<const gateway::Routes> routes;
};
// The policy on disk with all that it needs to be served, or every reason why it cannot be.
std::expected<LoadedPolicy, std::vector<Error>> load_policy(const Config& config);

struct Startup {
  crypto::SealingKey sealing;
  std::shared_ptr<net::TlsServerContext> tls;            // null without tls
  std::shared_ptr<net::TlsServerContext> ext_authz_tls;  // null without ext_authz.client_ca
  std::vector<api::HookSource> hooks;
  LoadedPolicy policy;
  std::vector<envoy::XdsNodeConfig> nodes;
};
// All errors of the sealing key, the certificate, the secrets of webhooks and API, the policy, and the Envoys' nodes.
std::expected<Startup, std::vector<Error>> load_startup(const Config& config);

// Resources that clients and Envoys' nodes name and the policy does not have. An error to whoever checks; a gate runs
// all the same, as its policy may lose and gain resources while it does.
std::vector<Error> resource_misfits(const Config& config, const policy::Policy& policy);

}  // namespace watchword::cli
