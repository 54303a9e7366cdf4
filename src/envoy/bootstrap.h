// A complete Envoy bootstrap (v3 API, proto3 JSON, which is YAML too) for the HTTP resources of a policy: one listener,
// ext_proc in front of every route, one cluster for each resource. Hardened as Envoy's documentation advises for an
// edge proxy. docs/envoy-config.md is its manual.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"
#include "net/stream.h"
#include "net/tls.h"
#include "policy/policy.h"

namespace watchword::envoy {

inline constexpr std::string_view kAuthorizationCluster = "watchword/ext_authz";

// How Envoy makes sure that it asks the gate, and who it is there.
struct GateTls {
  std::string server_name;       // that the gate's certificate must have
  std::string certificate, key;  // PEM files of Envoy's own; empty: none
  std::string ca_file;           // PEM
};

// What an Envoy is told by discovery: all of a type each time ("state of the world"), or what changed.
enum class XdsForm : std::uint8_t { sotw, delta };

// An Envoy that takes what follows the policy from the gate (xds.h) rather than from a file.
struct XdsNode {
  std::string name;  // what it calls itself there
  XdsForm form;
};

struct BootstrapOptions {
  net::Address listen, admin, ext_authz;
  std::vector<std::string> hosts;  // the gate's own, lower case, without port: for resources that have a path prefix
  std::optional<net::TlsServerContext::Files> tls = {};  // of the listener; none: plain, which only loopback may be
  std::optional<GateTls> gate_tls = {};                  // none: ext_authz is on a Unix socket or loopback
  std::string ca_bundle;                                 // for upstreams without `ca`
  std::string access_log = {};                           // file; empty: standard output
  std::vector<std::string> resources = {};               // only these; empty: all
  Duration authorization_time;                           // the gate's answer
  Duration stream_time;                                  // the longest that a request or stream may last
  std::int64_t heap_bytes;
  std::int64_t connections;          // of clients
  std::optional<XdsNode> node = {};  // none: everything stands in the file
};

// The same bytes for the same policy and options. Every error, not the first only, each with its resource or option in
// `where`: config_invalid, also for what a file cannot hold (credentials that the gate injects) and what Envoy does not
// decide by resource (ambiguous paths). Pure: files are named, not read. Any thread.
std::expected<Json, std::vector<Error>> render_bootstrap(const policy::Policy& policy, const BootstrapOptions& options);

// Of options.node, all that its file holds: who it is, its admin interface, its limits, and where the gate is.
std::expected<Json, std::vector<Error>> render_node_bootstrap(const BootstrapOptions& options);

// Something that Envoy must have and no file of its own may hold. Named, not read.
struct SecretSource {
  std::string name;                                 // by which Envoy asks for it
  std::string certificate = {}, key = {}, ca = {};  // PEM files: a pair, or authorities
  std::string prefix = {}, reference = {};          // or a credential: what stands before it, and a secret reference
};
// Of options.node, what the gate sends it. A policy without HTTP resources has no clusters, and a route to nowhere.
struct NodeParts {
  Json listener, routes;
  std::vector<Json> clusters = {};         // of resources: the gate's own is in the file
  std::vector<SecretSource> secrets = {};  // by name, none twice
  std::vector<Error> left_out = {};        // resources that Envoy cannot serve: their routes lead nowhere
};
// As render_bootstrap, but credentials that the gate injects are no error, and a resource that cannot be rendered does
// not keep the others back.
std::expected<NodeParts, std::vector<Error>> render_node(const policy::Policy& policy, const BootstrapOptions& options);

}  // namespace watchword::envoy
