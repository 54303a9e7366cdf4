// What an Envoy that is fed by the gate asks for by name, rather than reads from a file: certificates, authorities and
// the credentials that resources inject.
#include <algorithm>
#include <map>

#include "envoy/bootstrap_parts.h"

namespace watchword::envoy {
namespace {

constexpr std::string_view kBundle = "authorities";  // for upstreams without `ca`

std::string injected_secret(const Backend& backend, std::string_view header) {
  return backend.cluster + "/inject/" + std::string(header);
}

Json source_of(std::string name) { return Json::object({{"name", std::move(name)}, {"sds_config", from_gate()}}); }

}  // namespace

std::string listener_secret(const BootstrapOptions& options, std::string_view part) {
  return options.node ? "listener/" + std::string(part) : std::string();
}

std::string backend_secret(const Backend& backend, const BootstrapOptions& options, std::string_view part) {
  return options.node ? backend.cluster + "/" + std::string(part) : std::string();
}

std::string authorities_secret(const Backend& backend, const BootstrapOptions& options) {
  if (backend.target->ca_file.empty() && options.node) return std::string(kBundle);
  return backend_secret(backend, options, "ca");
}

// Whatever the request has for this header by now is replaced; without the credential it goes nowhere.
Json injectors(const Backend& backend) {
  Json filters = Json::array();
  for (const auto& header : backend.target->inject) {
    auto credential =
        Json::object({{"credential", source_of(injected_secret(backend, header.name))}, {"header", header.name}});
    auto injector = Json::object({{"overwrite", true},
                                  {"allow_request_without_credential", false},
                                  {"credential", named("envoy.http.injected_credentials.generic",
                                                       typed("extensions.http.injected_credentials.generic.v3.Generic",
                                                             std::move(credential)))}});
    filters.push(
        named("envoy.filters.http.credential_injector",
              typed("extensions.filters.http.credential_injector.v3.CredentialInjector", std::move(injector))));
  }
  filters.push(
      named("envoy.filters.http.upstream_codec", typed("extensions.filters.http.upstream_codec.v3.UpstreamCodec")));
  return filters;
}

std::vector<SecretSource> secrets_of(const std::vector<Backend>& backends, const BootstrapOptions& options) {
  std::map<std::string, SecretSource> all;
  const auto add = [&](SecretSource source) { all.insert_or_assign(source.name, std::move(source)); };
  if (options.tls) {
    add({.name = listener_secret(options, "certificate"),
         .certificate = options.tls->certificate,
         .key = options.tls->key});
    if (!options.tls->client_ca.empty())
      add({.name = listener_secret(options, "client_ca"), .ca = options.tls->client_ca});
  }
  for (const auto& backend : backends) {
    if (!backend.served()) continue;
    const auto& target = *backend.target;
    for (const auto& header : target.inject)
      add({.name = injected_secret(backend, header.name), .prefix = header.prefix, .reference = header.secret});
    if (!backend.tls()) continue;
    add({.name = authorities_secret(backend, options),
         .ca = target.ca_file.empty() ? options.ca_bundle : target.ca_file});
    if (!target.client_certificate.empty())
      add({.name = backend_secret(backend, options, "certificate"),
           .certificate = target.client_certificate,
           .key = target.client_key});
  }
  std::vector<SecretSource> list;
  for (auto& [name, source] : all) list.push_back(std::move(source));
  return list;
}

}  // namespace watchword::envoy
