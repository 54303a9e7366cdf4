#include "cli/config_envoy.h"

#include <algorithm>
#include <filesystem>

#include "net/stream.h"

namespace watchword::cli {
namespace {

using yaml::Decoder;
using yaml::Node;
using yaml::Object;

constexpr std::size_t kLongestName = 64;

bool is_name(std::string_view text, std::string_view also) {
  const auto fits = [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || also.contains(c);
  };
  return !text.empty() && std::ranges::all_of(text, fits);
}

class NodeReader {
 public:
  NodeReader(Decoder& decoder, const std::string& folder) : decoder_(decoder), folder_(folder) {}

  EnvoyNode read(const yaml::Key& name, const Node& node) {
    Object object(decoder_, node, "node",
                  {"listen", "admin", "hosts", "resources", "certificate", "form", "tls", "gate", "ca_bundle",
                   "access_log", "timeout", "max_stream", "heap_mib", "max_connections"});
    EnvoyNode read{.name = name.text, .certificate = {}, .form = envoy::XdsForm::delta, .options = {}};
    if (!is_name(name.text, "._-") || name.text.size() > kLongestName)
      decoder_.refuse(name.at, "'" + name.text + "'",
                      "a name of at most " + std::to_string(kLongestName) + " letters, digits, '.', '_' and '-'");
    auto& options = read.options;
    object.require("listen");
    read_address(object, "listen", options.listen);
    read_address(object, "admin", options.admin);
    object.read("hosts", options.hosts);
    object.read("resources", options.resources);
    object.read("certificate", read.certificate);
    if (!read.certificate.empty() && !is_name(read.certificate, ".-"))
      decoder_.refuse(object.find("certificate")->at, read.certificate, "a DNS name without wildcard");
    object.read<envoy::XdsForm>("form", read.form, {{"delta", envoy::XdsForm::delta}, {"sotw", envoy::XdsForm::sotw}});
    if (const auto* tls = object.find("tls")) read_tls(*tls, options);
    if (const auto* gate = object.find("gate")) read_gate(*gate, options);
    read_path(object, "ca_bundle", options.ca_bundle);
    read_path(object, "access_log", options.access_log);
    object.read("timeout", options.timeout);
    object.read("max_stream", options.max_stream);
    object.read("heap_mib", options.heap_mib, 64, 1 << 20);
    object.read("max_connections", options.max_connections, 1, 10'000'000);
    return read;
  }

 private:
  void read_address(const Object& object, std::string_view key, std::string& out) {
    const auto* node = object.find(key);
    const auto text = node ? decoder_.string(*node) : std::nullopt;
    if (!text) return;
    if (auto parsed = net::parse_address(*text); !parsed) return decoder_.refuse(*node, std::move(parsed).error());
    out = *text;
  }

  void read_path(const Object& object, std::string_view key, std::string& out) {
    const auto* node = object.find(key);
    if (const auto text = node ? decoder_.string(*node) : std::nullopt)
      out = (std::filesystem::path(folder_) / *text).lexically_normal().string();
  }

  void read_tls(const Node& node, EnvoyOptions& options) {
    Object tls(decoder_, node, "tls", {"certificate", "key", "client_ca"});
    tls.require("certificate");
    tls.require("key");
    read_path(tls, "certificate", options.listener_tls.certificate);
    read_path(tls, "key", options.listener_tls.key);
    read_path(tls, "client_ca", options.listener_tls.client_ca);
  }

  void read_gate(const Node& node, EnvoyOptions& options) {
    Object gate(decoder_, node, "gate", {"address", "ca", "certificate", "key"});
    read_address(gate, "address", options.ext_authz);
    read_path(gate, "ca", options.gate_ca);
    read_path(gate, "certificate", options.gate_certificate);
    read_path(gate, "key", options.gate_key);
  }

  Decoder& decoder_;
  const std::string& folder_;
};

}  // namespace

std::optional<EnvoyNode> read_envoy_node(Decoder& decoder, const yaml::Key& name, const Node& node,
                                         const std::string& folder) {
  auto read = NodeReader(decoder, folder).read(name, node);
  if (!decoder.ok()) return std::nullopt;
  return read;
}

}  // namespace watchword::cli
