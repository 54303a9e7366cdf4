#include "cli/config.h"

#include <filesystem>

#include "access/resource_place.h"
#include "base/file.h"
#include "cli/config_envoy.h"
#include "cli/config_issuer.h"
#include "http/uri.h"
#include "net/resolver.h"
#include "policy/yaml/decode.h"

namespace watchword::cli {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using yaml::Decoder;
using yaml::Node;
using yaml::Object;

class Reader {
 public:
  Reader(const std::string& name, std::string folder)
      : decoder_(name, Reason::config_invalid), folder_(std::move(folder)) {}

  std::expected<Config, std::vector<Error>> read(const Node& root) {
    Object file(decoder_, root, "configuration",
                {"url",       "gateway_url", "listen",  "tls",     "store",   "policy", "sealing_key",
                 "log",       "issuers",     "clients", "signing", "dpop",    "audit",  "context",
                 "ext_authz", "envoy",       "limits",  "dns",     "threads", "drain",  "log_level"});
    read_urls(file);
    if (const auto* node = file.require("listen")) read_listen(*node);
    if (const auto* node = file.find("tls")) read_tls(*node);
    if (const auto* node = file.require("store")) read_store(*node);
    if (const auto* node = file.require("policy")) read_path(*node, config_.policy_directory);
    if (file.require("sealing_key")) file.read("sealing_key", config_.sealing_key);
    if (const auto* node = file.require("log")) read_log(*node);
    if (const auto* node = file.require("issuers")) read_issuers(*node);
    if (const auto* node = file.find("clients")) read_clients(*node);
    if (const auto* node = file.find("signing")) read_signing(*node);
    if (const auto* node = file.find("dpop")) read_dpop(*node);
    if (const auto* node = file.find("audit")) read_audit(*node);
    if (const auto* node = file.find("context")) read_context(*node);
    if (const auto* node = file.find("ext_authz")) read_ext_authz(*node);
    if (const auto* node = file.find("envoy")) read_envoy(*node);
    if (const auto* node = file.find("limits")) read_limits(*node);
    if (const auto* node = file.find("dns")) read_dns(*node);
    std::int64_t threads = 0;
    file.read("threads", threads, 1, 256);
    config_.threads = static_cast<unsigned>(threads);
    file.read("drain", config_.drain, seconds(0), minutes(10));
    file.read("log_level", config_.log_level,
              {{"debug", log::Level::debug},
               {"info", log::Level::info},
               {"warn", log::Level::warn},
               {"error", log::Level::error}});
    if (decoder_.ok()) check_transport(file);
    complete_gateway_url();
    if (!decoder_.ok()) return std::unexpected(decoder_.take_errors());
    return std::move(config_);
  }

 private:
  void read_urls(Object& file) {
    if (const auto* node = file.require("url")) read_origin(*node, config_.url);
    if (const auto url = http::parse_url(config_.url)) config_.log_origin = url->host + "/log";
    if (const auto* node = file.find("gateway_url")) read_origin(*node, config_.gateway_url);
  }

  void read_origin(const Node& node, std::string& origin) {
    auto text = decoder_.string(node);
    if (!text) return;
    auto url = http::parse_url(*text);
    if (!url) return decoder_.refuse(node, std::move(url).error());
    if (url->path != "/" || !url->query.empty() || text->ends_with('/'))
      return decoder_.refuse(node.at, *text, "an origin without path, such as https://gate.example.com");
    origin = *std::move(text);
  }

  void read_address(const Node& node, net::Address& address) {
    auto text = decoder_.string(node);
    if (!text) return;
    auto parsed = net::parse_address(*text);
    if (!parsed) return decoder_.refuse(node, std::move(parsed).error());
    address = *std::move(parsed);
  }

  void read_listen(const Node& node) {
    Object listen(decoder_, node, "listen", {"api", "gateway", "metrics", "admin", "ext_authz"});
    if (const auto* api = listen.require("api")) read_address(*api, config_.api);
    if (const auto* gateway = listen.require("gateway")) read_address(*gateway, config_.gateway);
    if (const auto* metrics = listen.find("metrics")) read_address(*metrics, config_.metrics.emplace());
    if (const auto* envoy = listen.find("ext_authz")) read_address(*envoy, config_.ext_authz.emplace());
    if (const auto* admin = listen.require("admin")) {
      read_address(*admin, config_.admin);
      if (!config_.admin.host.empty() || config_.admin.port != 0)
        decoder_.refuse(admin->at, "a TCP address", "unix:/path/of/the/socket");
    }
  }

  void read_path(const Node& node, std::string& path) {
    if (auto text = decoder_.string(node)) path = absolute(*text);
  }
  void read_path(Object& object, std::string_view key, std::string& path) {
    if (const auto* node = object.find(key)) read_path(*node, path);
  }
  std::string absolute(const std::string& path) const {
    return (std::filesystem::path(folder_) / path).lexically_normal().string();
  }

  void read_tls(const Node& node) {
    Object tls(decoder_, node, "tls", {"certificate", "key", "client_ca"});
    auto& files = config_.tls.emplace();
    if (tls.require("certificate")) read_path(tls, "certificate", files.certificate);
    if (tls.require("key")) read_path(tls, "key", files.key);
    read_path(tls, "client_ca", files.client_ca);
  }

  void read_store(const Node& node) {
    constexpr std::string_view kScheme = "sqlite://";
    auto text = decoder_.string(node);
    if (!text) return;
    if (!text->starts_with(kScheme) || text->size() == kScheme.size())
      return decoder_.refuse(node.at, *text, "sqlite:///absolute/path or sqlite://relative/path");
    config_.store = std::string(kScheme) + absolute(text->substr(kScheme.size()));
  }

  void read_log(const Node& node) {
    Object log(decoder_, node, "log", {"directory", "origin", "public"});
    if (log.require("directory")) read_path(log, "directory", config_.log_directory);
    log.read("origin", config_.log_origin);
    log.read("public", config_.log_public);
    if (config_.log_origin.find_first_of(" +\n") != std::string::npos)
      decoder_.refuse(node.at, config_.log_origin,
                      "an origin without spaces and plus signs, such as gate.example.com/log");
  }

  void read_issuers(const Node& node) {
    const auto* entries = decoder_.object(node);
    if (!entries) return;
    if (entries->empty()) decoder_.refuse(node.at, "no issuer", "at least one");
    for (const auto& entry : *entries)
      if (auto issuer = read_issuer(decoder_, entry.key.text, entry.value, folder_, config_.live_sources))
        add_issuer(entry.key, *std::move(issuer));
  }

  void add_issuer(const yaml::Key& key, issuer::IssuerConfig issuer) {
    const auto& url = issuer.expectations.issuer;
    for (const auto& other : config_.issuers)
      if (other.expectations.issuer == url)
        decoder_.refuse(key.at, "a second issuer with the url " + url,
                        "one: a token's iss decides alone what it is mapped to");
    config_.issuers.push_back(std::move(issuer));
  }

  void read_clients(const Node& node) {
    const auto* entries = decoder_.object(node);
    if (!entries) return;
    for (const auto& entry : *entries)
      if (auto client = read_client(decoder_, entry.key.text, entry.value, folder_))
        config_.clients.push_back(*std::move(client));
  }

  void read_signing(const Node& node) {
    Object signing(decoder_, node, "signing", {"algorithm", "rotate_every", "publish_ahead"});
    signing.read("algorithm", config_.signing.algorithm,
                 {{"ES256", crypto::Algorithm::es256},
                  {"EdDSA", crypto::Algorithm::eddsa},
                  {"RS256", crypto::Algorithm::rs256}});
    signing.read("rotate_every", config_.signing.rotate_every, minutes(10), hours(24 * 365));
    signing.read("publish_ahead", config_.signing.publish_ahead, minutes(1), hours(24 * 30));
    if (config_.signing.publish_ahead >= config_.signing.rotate_every)
      decoder_.refuse(node.at, "publish_ahead " + to_string(config_.signing.publish_ahead), "less than rotate_every");
  }

  void read_dpop(const Node& node) {
    Object dpop(decoder_, node, "dpop", {"nonce", "proof_age"});
    dpop.read("nonce", config_.dpop.nonce_required, {{"required", true}, {"off", false}});
    dpop.read("proof_age", config_.dpop.proof_age, seconds(5), minutes(5));
  }

  void read_audit(const Node& node) {
    Object audit(decoder_, node, "audit", {"requests"});
    audit.read("requests", config_.request_records,
               {{"batch", access::RequestRecords::batch},
                {"sync", access::RequestRecords::sync},
                {"off", access::RequestRecords::off}});
  }

  void read_context(const Node& node) {
    Object context(decoder_, node, "context", {"max_age", "reconcile_every", "keep"});
    context.read("max_age", config_.facts.max_age, minutes(1), hours(24));
    context.read("keep", config_.facts.keep, hours(24), hours(24 * 365));
    context.read("reconcile_every", config_.reconcile.interval, seconds(5), minutes(10));
  }

  void read_ext_authz(const Node& node) {
    Object fields(decoder_, node, "ext_authz", {"client_ca", "form"});
    fields.read<envoy::CheckForm>("form", config_.ext_authz_form,
                                  {{"grpc", envoy::CheckForm::grpc}, {"http", envoy::CheckForm::http}});
    if (fields.find("client_ca")) read_path(fields, "client_ca", config_.ext_authz_client_ca);
    if (!config_.ext_authz) decoder_.refuse(node.at, "ext_authz", "an address for it in listen.ext_authz");
    if (!config_.ext_authz_client_ca.empty() && !config_.tls)
      decoder_.refuse(node.at, "client certificates without tls", "tls with certificate and key");
  }

  void read_envoy(const Node& node) {
    Object envoy(decoder_, node, "envoy", {"nodes"});
    const auto* nodes = envoy.require("nodes");
    const auto* entries = nodes ? decoder_.object(*nodes) : nullptr;
    if (!entries) return;
    if (!config_.ext_authz)
      decoder_.refuse(node.at, "envoy", "an address where they reach the gate, in listen.ext_authz");
    if (config_.ext_authz_form != envoy::CheckForm::grpc)
      decoder_.refuse(node.at, "ext_authz.form: http", "grpc, as these Envoys ask so");
    for (const auto& entry : *entries)
      if (auto read = read_envoy_node(decoder_, entry.key, entry.value, folder_)) add_node(entry, *std::move(read));
  }

  // What the gate sends holds keys: over TCP, only TLS says who gets them.
  void add_node(const Node::Entry& entry, EnvoyNode node) {
    const bool tcp = config_.ext_authz && config_.ext_authz->unix_path.empty();
    if (tcp && config_.ext_authz_client_ca.empty())
      decoder_.refuse(entry.key.at, "a node that comes by TCP without a certificate",
                      "listen.ext_authz at a Unix socket, or ext_authz.client_ca");
    if (tcp && node.certificate.empty())
      decoder_.refuse(entry.value.at, "a node without certificate",
                      "certificate: the DNS name in its client certificate, as it comes by TCP");
    if (tcp && (node.options.gate_certificate.empty() || node.options.gate_key.empty()))
      decoder_.refuse(entry.value.at, "a node without gate.certificate and gate.key",
                      "the files, where that Envoy runs, of the certificate that it shows to the gate");
    const auto& gate = node.options;
    if (!tcp && !(gate.gate_ca.empty() && gate.gate_certificate.empty() && gate.gate_key.empty()))
      decoder_.refuse(entry.value.at, "gate.ca, gate.certificate or gate.key, though the gate is at a Unix socket",
                      "none of them: the socket's permissions say who may connect");
    // With the gate's own key an edge that is broken into could stand for the gate.
    if (tcp && node.options.listener_tls.key.empty())
      decoder_.refuse(entry.value.at, "a node without tls",
                      "a certificate and key of its own, as it is another machine");
    config_.envoy_nodes.push_back(std::move(node));
  }

  static void read_count(Object& fields, std::string_view key, std::size_t& out, std::int64_t min, std::int64_t max) {
    auto value = static_cast<std::int64_t>(out);
    fields.read(key, value, min, max);
    out = static_cast<std::size_t>(value);
  }

  void read_limits(const Node& node) {
    auto& limits = config_.limits;
    Object fields(decoder_, node, "limits", {"connections", "connections_per_address", "header_bytes"});
    read_count(fields, "connections", limits.connections, 10, 1'000'000);
    read_count(fields, "connections_per_address", limits.connections_per_address, 1, 1'000'000);
    read_count(fields, "header_bytes", limits.header_bytes, 4096, 65'536);
  }

  void read_dns(const Node& node) {
    constexpr std::size_t kMost = 8;
    Object fields(decoder_, node, "dns", {"servers"});
    const auto* servers = fields.require("servers");
    const auto* items = servers ? decoder_.list(*servers) : nullptr;
    if (!items) return;
    if (items->size() > kMost)
      decoder_.refuse(servers->at, std::to_string(items->size()) + " servers", "at most " + std::to_string(kMost));
    for (const auto& item : *items) {
      const auto text = decoder_.string(item);
      if (!text) continue;
      if (auto checked = net::check_dns_server(*text); !checked) decoder_.refuse(item, std::move(checked).error());
      config_.dns_servers.push_back(*text);
    }
  }

  // Nothing stands before the gateway unless it is said.
  void complete_gateway_url() {
    const auto url = http::parse_url(config_.url);
    if (url && config_.gateway_url.empty())
      config_.gateway_url = access::origin_text(url->scheme, url->host, config_.gateway.port);
  }

  // Tokens cross the network only inside TLS.
  void check_https(const Node& node, const std::string& text) {
    const auto url = http::parse_url(text);
    const net::Address own{url ? url->host : "", 0, {}};
    if (!text.starts_with("https://") && !own.loopback()) decoder_.refuse(node.at, text, "https, or http on loopback");
  }
  void check_transport(const Object& file) {
    bool loopback = config_.api.loopback() && config_.gateway.loopback();
    if (!config_.tls && !loopback)
      decoder_.refuse(file.at(), "an address that is not loopback, without tls",
                      "tls with certificate and key, or loopback addresses");
    check_https(*file.find("url"), config_.url);
    if (const auto* node = file.find("gateway_url")) check_https(*node, config_.gateway_url);
    if (config_.ext_authz && !config_.ext_authz->loopback() && config_.ext_authz_client_ca.empty())
      decoder_.refuse(file.find("listen")->at, "ext_authz for whoever reaches it",
                      "a Unix socket, a loopback address, or ext_authz.client_ca, as its answers are for Envoy alone");
    if (config_.metrics && !config_.metrics->loopback() && config_.metrics->host.empty())
      decoder_.refuse(file.find("listen")->at, "metrics on all addresses",
                      "an address of one network, as metrics are plain HTTP");
  }

  Decoder decoder_;
  std::string folder_;
  Config config_;
};

}  // namespace

std::vector<policy::ConfiguredIssuer> configured_issuers(const Config& config) {
  std::vector<policy::ConfiguredIssuer> all;
  for (const auto& issuer : config.issuers) all.push_back({issuer.name, issuer.profile});
  return all;
}

std::expected<Config, std::vector<Error>> parse_config(const std::string& name, const std::string& text,
                                                       const std::string& folder) {
  auto root = yaml::read(name, text, Reason::config_invalid);
  if (!root) return std::unexpected(std::move(root).error());
  return Reader(name, folder).read(*root);
}

std::expected<Config, std::vector<Error>> load_config(const std::string& path) {
  auto text = read_file(path);
  if (!text) return std::unexpected(std::vector<Error>{std::move(text).error()});
  auto folder = std::filesystem::absolute(path).parent_path().string();
  return parse_config(path, *text, folder);
}

}  // namespace watchword::cli
