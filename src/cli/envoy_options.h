// From the command line and watchword.yaml to what a bootstrap is rendered with.
#pragma once

#include <expected>
#include <vector>

#include "base/json.h"
#include "cli/commands.h"
#include "cli/config.h"
#include "envoy/bootstrap.h"
#include "envoy/xds_node.h"

namespace watchword::cli {

std::expected<envoy::BootstrapOptions, std::vector<Error>> bootstrap_options(const EnvoyOptions& options,
                                                                             const Config& config);
// Of one of config.envoy_nodes, checked as far as that needs no policy.
std::expected<envoy::BootstrapOptions, std::vector<Error>> node_options(const EnvoyNode& node, const Config& config);
// Of all of them. Every error, with the node's name in `where`.
std::expected<std::vector<envoy::XdsNodeConfig>, std::vector<Error>> envoy_nodes(const Config& config);
// The bootstrap of the policy in `directory`.
std::expected<Json, std::vector<Error>> render_policy(const EnvoyOptions& options, const Config& config,
                                                      const std::string& directory);

}  // namespace watchword::cli
