#include "cli/envoy_options.h"

#include <filesystem>

#include "base/text.h"
#include "http/uri.h"

namespace watchword::cli {
namespace {

using Errors = std::vector<Error>;

void read_address(const std::string& option, const std::string& text, net::Address& address, Errors& errors) {
  auto parsed = net::parse_address(text);
  if (parsed) {
    address = *std::move(parsed);
    return;
  }
  auto error = std::move(parsed).error();
  error.where = option;
  errors.push_back(std::move(error));
}

void read_time(const std::string& option, const std::string& text, Duration& time, Errors& errors) {
  constexpr Duration kShortest = std::chrono::milliseconds(10), kLongest = std::chrono::hours(24);
  const auto parsed = parse_duration(text);
  if (!parsed || *parsed < kShortest || *parsed > kLongest)
    errors.push_back({Reason::usage_invalid, "'" + text + "'", "a time from 10ms to 24h", option, {}});
  else
    time = *parsed;
}

// Envoy runs in a folder of its own: a relative path would name another file there.
std::string absolute(const std::string& path) {
  return path.empty() ? path : std::filesystem::absolute(path).lexically_normal().string();
}

void read_tls(const EnvoyOptions& options, const Config& config, envoy::BootstrapOptions& into, Errors& errors) {
  const auto& files = options.listener_tls;
  if (files.certificate.empty() != files.key.empty())
    errors.push_back({Reason::usage_invalid, "half a pair", "--certificate and --key", {}, {}});
  if (files.certificate.empty() && !files.client_ca.empty())
    errors.push_back({Reason::usage_invalid, "--client-ca alone", "--certificate and --key with it", {}, {}});
  if (files.certificate.empty())
    into.tls = config.tls;
  else
    into.tls = {absolute(files.certificate), absolute(files.key), absolute(files.client_ca)};
}

// Where the gate listens says where it is reached, but for "all addresses".
void read_gate(const EnvoyOptions& options, const Config& config, const std::string& host,
               envoy::BootstrapOptions& into, Errors& errors) {
  if (!options.ext_authz.empty())
    read_address("--ext-authz", options.ext_authz, into.ext_authz, errors);
  else if (config.ext_authz)
    into.ext_authz = *config.ext_authz;
  else
    errors.push_back({Reason::config_invalid,
                      "no address of the gate's ext_authz",
                      "listen.ext_authz in watchword.yaml",
                      options.config,
                      {}});
  if (config.ext_authz_form != envoy::CheckForm::grpc)
    errors.push_back(
        {Reason::config_invalid, "ext_authz.form: http", "grpc, as what is rendered asks so", options.config, {}});
  if (into.ext_authz.unix_path.empty() && into.ext_authz.host.empty()) into.ext_authz.host = host;
  const bool has_tls_options =
      !options.gate_ca.empty() || !options.gate_certificate.empty() || !options.gate_key.empty();
  if (config.ext_authz_client_ca.empty() && has_tls_options)
    errors.push_back({Reason::usage_invalid,
                      "--gate-ca, --gate-certificate or --gate-key, though the gate is asked in plain",
                      "ext_authz.client_ca in watchword.yaml",
                      {},
                      {}});
  if (config.ext_authz_client_ca.empty()) return;
  if (options.gate_certificate.empty() || options.gate_key.empty())
    errors.push_back({Reason::usage_invalid,
                      "no certificate to show to the gate",
                      "--gate-certificate and --gate-key, as ext_authz.client_ca demands one",
                      {},
                      {}});
  into.gate_tls = {.server_name = host,
                   .certificate = absolute(options.gate_certificate),
                   .key = absolute(options.gate_key),
                   .ca_file = options.gate_ca.empty() ? options.ca_bundle : absolute(options.gate_ca)};
}

}  // namespace

std::expected<envoy::BootstrapOptions, Errors> bootstrap_options(const EnvoyOptions& options, const Config& config) {
  Errors errors;
  envoy::BootstrapOptions into{};
  read_address("--listen", options.listen, into.listen, errors);
  read_address("--admin", options.admin, into.admin, errors);
  read_time("--timeout", options.timeout, into.authorization_time, errors);
  read_time("--max-stream", options.max_stream, into.stream_time, errors);
  const auto url = http::parse_url(config.url);
  const auto own = url ? url->host : std::string();
  for (const auto& host : options.hosts) into.hosts.push_back(ascii_lower(host));
  if (into.hosts.empty()) into.hosts.push_back(own);
  read_tls(options, config, into, errors);
  read_gate(options, config, own, into, errors);
  into.ca_bundle = absolute(options.ca_bundle);
  into.access_log = absolute(options.access_log);
  into.resources = options.resources;
  into.heap_bytes = options.heap_mib << 20;
  into.connections = options.max_connections;
  if (!errors.empty()) return std::unexpected(std::move(errors));
  return into;
}

std::expected<envoy::BootstrapOptions, Errors> node_options(const EnvoyNode& node, const Config& config) {
  auto into = bootstrap_options(node.options, config);
  if (!into) return std::unexpected(std::move(into).error());
  into->node = {node.name, node.form};
  if (auto rendered = envoy::render_node_bootstrap(*into); !rendered)
    return std::unexpected(std::move(rendered).error());
  return into;
}

std::expected<std::vector<envoy::XdsNodeConfig>, Errors> envoy_nodes(const Config& config) {
  std::vector<envoy::XdsNodeConfig> nodes;
  Errors errors;
  for (const auto& node : config.envoy_nodes) {
    auto options = node_options(node, config);
    if (options) {
      nodes.push_back({node.certificate, *std::move(options)});
      continue;
    }
    for (auto& error : options.error()) {
      error.where = "envoy.nodes." + node.name + (error.where.empty() ? "" : ": " + error.where);
      errors.push_back(std::move(error));
    }
  }
  if (!errors.empty()) return std::unexpected(std::move(errors));
  return nodes;
}

std::expected<Json, Errors> render_policy(const EnvoyOptions& options, const Config& config,
                                          const std::string& directory) {
  auto into = bootstrap_options(options, config);
  if (!into) return std::unexpected(std::move(into).error());
  auto policy = policy::Policy::load(directory);
  if (!policy) return std::unexpected(std::move(policy).error());
  return envoy::render_bootstrap(**policy, *into);
}

}  // namespace watchword::cli
