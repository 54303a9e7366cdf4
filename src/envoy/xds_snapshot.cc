#include "envoy/xds_snapshot.h"

#include <utility>

#include "base/file.h"
#include "crypto/digest.h"
#include "envoy/wire_form.h"
#include "proto/discovery.pb.h"

namespace watchword::envoy {
namespace {

using Errors = std::vector<Error>;

constexpr std::size_t kVersionDigits = 16;

XdsSet& set_of(XdsSnapshot& snapshot, XdsType type) { return snapshot.sets[std::to_underlying(type)]; }

void add(XdsSnapshot& snapshot, XdsType type, const std::string& name, std::string_view salt, std::string message) {
  auto content = std::string(salt) + message;
  auto version = crypto::sha256_hex(content).substr(0, kVersionDigits);
  wipe(content);
  set_of(snapshot, type).resources.insert_or_assign(name, XdsResource{std::move(version), Secret(std::move(message))});
}

void add(XdsSnapshot& snapshot, XdsType type, const Json& json, std::string_view name_key, Errors& errors) {
  auto message = to_wire(message_of(type), json);
  if (message)
    add(snapshot, type, std::string(json.string_or(name_key, "")), {}, *std::move(message));
  else
    errors.push_back(std::move(message).error());
}

void set_version(XdsSet& set) {
  std::string all;
  for (const auto& [name, resource] : set.resources) all.append(name).append(1, '\0').append(resource.version);
  set.version = crypto::sha256_hex(all).substr(0, kVersionDigits);
}

Status read_into(const std::string& path, wire::DataSource& source) {
  WW_TRY(*source.mutable_inline_bytes(), read_file(path));
  return {};
}

void wipe_all(wire::TlsSecret& secret) {
  wipe(*secret.mutable_tls_certificate()->mutable_private_key()->mutable_inline_bytes());
  wipe(*secret.mutable_generic_secret()->mutable_secret()->mutable_inline_bytes());
}

Status fill(const SecretSource& source, wire::TlsSecret& secret) {
  secret.set_name(source.name);
  if (!source.ca.empty()) return read_into(source.ca, *secret.mutable_validation_context()->mutable_trusted_ca());
  if (!source.certificate.empty()) {
    auto& pair = *secret.mutable_tls_certificate();
    WW_CHECK(read_into(source.certificate, *pair.mutable_certificate_chain()));
    return read_into(source.key, *pair.mutable_private_key());
  }
  WW_TRY(const auto value, resolve_secret(source.reference));
  auto& bytes = *secret.mutable_generic_secret()->mutable_secret()->mutable_inline_bytes();
  bytes.reserve(source.prefix.size() + value.reveal().size());
  bytes.append(source.prefix).append(value.reveal());
  return {};
}

Status add_secret(XdsSnapshot& snapshot, const SecretSource& source, std::string_view salt) {
  wire::TlsSecret secret;
  const auto filled = fill(source, secret);
  if (filled) add(snapshot, XdsType::secret, source.name, salt, secret.SerializeAsString());
  wipe_all(secret);
  return filled;
}

}  // namespace

std::string_view name_of(XdsType type) {
  switch (type) {
    case XdsType::cluster:
      return "cluster";
    case XdsType::secret:
      return "secret";
    case XdsType::listener:
      return "listener";
    case XdsType::route:
      return "route";
  }
  std::unreachable();
}

std::string_view message_of(XdsType type) {
  switch (type) {
    case XdsType::cluster:
      return "envoy.config.cluster.v3.Cluster";
    case XdsType::secret:
      return "envoy.extensions.transport_sockets.tls.v3.Secret";
    case XdsType::listener:
      return "envoy.config.listener.v3.Listener";
    case XdsType::route:
      return "envoy.config.route.v3.RouteConfiguration";
  }
  std::unreachable();
}

std::string type_url_of(XdsType type) { return "type.googleapis.com/" + std::string(message_of(type)); }

std::expected<std::shared_ptr<const XdsSnapshot>, Errors> make_snapshot(const NodeParts& parts, std::string_view salt) {
  auto snapshot = std::make_shared<XdsSnapshot>();
  Errors errors;
  for (const auto& cluster : parts.clusters) add(*snapshot, XdsType::cluster, cluster, "name", errors);
  add(*snapshot, XdsType::listener, parts.listener, "name", errors);
  add(*snapshot, XdsType::route, parts.routes, "name", errors);
  for (const auto& source : parts.secrets)
    if (auto added = add_secret(*snapshot, source, salt); !added) {
      errors.push_back(std::move(added).error());
      if (errors.back().where.empty()) errors.back().where = "secret " + source.name;
    }
  if (!errors.empty()) return std::unexpected(std::move(errors));
  for (auto& set : snapshot->sets) set_version(set);
  snapshot->left_out = parts.left_out;
  return snapshot;
}

}  // namespace watchword::envoy
