// Of clusters: that the gate's can answer, and that the certificate of an upstream with TLS is looked at.
#include "envoy/config_check_parts.h"

namespace watchword::envoy {
namespace {

bool speaks_http2(const Json& cluster) {
  if (cluster.find("http2_protocol_options") != nullptr) return true;
  const Json* options =
      at(cluster, {"typed_extension_protocol_options", "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"});
  return options != nullptr && at(*options, {"explicit_http_config", "http2_protocol_options"}) != nullptr;
}

bool all_endpoints_here(const Json& cluster) {
  for (const Json& group : items(at(cluster, {"load_assignment", "endpoints"})))
    for (const Json& one : items(group.find("lb_endpoints")))
      if (!only_here(at(one, {"endpoint", "address"}))) return false;
  return true;
}

const Json* validation_of(const Json& tls) {
  const Json* common = tls.find("common_tls_context");
  if (common == nullptr) return nullptr;
  if (const Json* combined = at(*common, {"combined_validation_context", "default_validation_context"});
      combined != nullptr)
    return combined;
  return common->find("validation_context");
}

void check_socket(const Json& socket, const std::string& where, Findings& findings) {
  const Json* tls = socket.find("typed_config");
  if (tls == nullptr) return;
  if (const Json* inner = tls->find("transport_socket"); inner != nullptr)  // such as the PROXY protocol's
    return check_socket(*inner, where, findings);
  if (!is_type(*tls, "UpstreamTlsContext")) return;
  const Json* validation = validation_of(*tls);
  const bool from_sds = at(*tls, {"common_tls_context", "combined_validation_context"}) != nullptr;
  if (validation == nullptr || (!from_sds && validation->find("trusted_ca") == nullptr))
    findings.add(where, "the upstream's certificate is not verified", "validation_context.trusted_ca");
  else if (items(validation->find("match_typed_subject_alt_names")).empty() &&
           !is_true(tls->find("auto_sni_san_validation")))
    findings.add(where, "any certificate of the authority passes, whatever its name", "match_typed_subject_alt_names");
  if (validation != nullptr && is_enum(validation->find("trust_chain_verification"), "ACCEPT_UNTRUSTED", 1))
    findings.add(where, "trust_chain_verification: ACCEPT_UNTRUSTED", "VERIFY_TRUST_CHAIN");
}

}  // namespace

void check_authorization_cluster(const std::string& name, const Clusters& clusters, const std::string& where,
                                 Findings& findings) {
  const auto found = clusters.find(name);
  if (found == clusters.end()) {
    findings.add(where, "the gate is asked at the cluster '" + name + "', which is not in this file", "one that is",
                 "Envoy starts with it all the same, and refuses every request");
    return;
  }
  const Json& cluster = *found->second;
  if (!speaks_http2(cluster))
    findings.add("cluster " + name, "HTTP/1.1 towards the gate", "http2_protocol_options: gRPC needs HTTP/2");
  if (cluster.find("transport_socket") == nullptr && !all_endpoints_here(cluster))
    findings.add("cluster " + name, "tokens are sent to the gate in plain", "TLS, a Unix socket or loopback");
}

void check_upstream_tls(const Json& cluster, Findings& findings) {
  const Json* socket = cluster.find("transport_socket");
  if (socket != nullptr) check_socket(*socket, "cluster " + name_of(cluster), findings);
  const auto& matches = items(cluster.find("transport_socket_matches"));
  for (const Json& match : matches)
    if (const Json* one = match.find("transport_socket"); one != nullptr)
      check_socket(*one, "cluster " + name_of(cluster), findings);
  if (!matches.empty() && socket == nullptr)
    findings.add("cluster " + name_of(cluster), "endpoints that no socket matches are reached in plain",
                 "a transport_socket for them");
}

}  // namespace watchword::envoy
