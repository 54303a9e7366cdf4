#include "envoy/bootstrap_parts.h"

#include <arpa/inet.h>
#include <fmt/format.h>

namespace watchword::envoy {

Json typed(std::string_view type, Json message) {
  return std::move(message.set("@type", "type.googleapis.com/envoy." + std::string(type)));
}

Json named(std::string_view name, Json config) {
  return Json::object({{"name", name}, {"typed_config", std::move(config)}});
}

Json duration_json(Duration time) {
  const auto micros = time.count();
  auto text = fmt::format("{}.{:06}", micros / 1'000'000, micros % 1'000'000);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) text.pop_back();
  return text + "s";
}

bool is_ip(const std::string& host) {
  in_addr v4{};
  in6_addr v6{};
  return inet_pton(AF_INET, host.c_str(), &v4) == 1 || inet_pton(AF_INET6, host.c_str(), &v6) == 1;
}

Json address_json(const net::Address& address) {
  if (!address.unix_path.empty()) return Json::object({{"pipe", Json::object({{"path", address.unix_path}})}});
  auto socket = Json::object({{"port_value", int{address.port}}});
  if (address.host.empty())
    socket.set("address", "::").set("ipv4_compat", true);
  else
    socket.set("address", address.host == "localhost" ? "127.0.0.1" : address.host);
  return Json::object({{"socket_address", std::move(socket)}});
}

Json file_json(const std::string& path) { return Json::object({{"filename", path}}); }

Json http2_limits() {
  return Json::object({{"max_concurrent_streams", 100},
                       {"initial_stream_window_size", 64 * 1024},
                       {"initial_connection_window_size", 1024 * 1024}});
}

Json gate_service() {
  return Json::object(
      {{"envoy_grpc", Json::object({{"cluster_name", kAuthorizationCluster}, {"authority", "watchword"}})}});
}

Json from_gate() { return Json::object({{"ads", Json::object()}, {"resource_api_version", "V3"}}); }

namespace {

Json secret_json(const std::string& name) { return Json::object({{"name", name}, {"sds_config", from_gate()}}); }

}  // namespace

Json common_tls(const KeyPair& own, const std::vector<std::string>& alpn) {
  auto tls = Json::object({{"tls_params", Json::object({{"tls_minimum_protocol_version", "TLSv1_2"}})}});
  if (!own.secret.empty()) {
    tls.set("tls_certificate_sds_secret_configs", Json::array().push(secret_json(own.secret)));
  } else if (!own.certificate.empty()) {
    auto pair = Json::object({{"certificate_chain", file_json(own.certificate)}, {"private_key", file_json(own.key)}});
    tls.set("tls_certificates", Json::array().push(std::move(pair)));
  }
  Json protocols = Json::array();
  for (const auto& protocol : alpn) protocols.push(protocol);
  if (!alpn.empty()) tls.set("alpn_protocols", std::move(protocols));
  return tls;
}

void set_trust(Json& common_tls, const Authorities& trusted, Json context) {
  if (trusted.secret.empty()) {
    common_tls.set("validation_context", std::move(context.set("trusted_ca", file_json(trusted.file))));
    return;
  }
  common_tls.set("combined_validation_context",
                 Json::object({{"default_validation_context", std::move(context)},
                               {"validation_context_sds_secret_config", secret_json(trusted.secret)}}));
}

}  // namespace watchword::envoy
