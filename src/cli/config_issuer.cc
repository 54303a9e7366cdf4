#include "cli/config_issuer.h"

#include <filesystem>

#include "base/file.h"

namespace watchword::cli {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using yaml::Decoder;
using yaml::Node;
using yaml::Object;

std::string absolute(const std::string& folder, const std::string& path) {
  return path.empty() ? path : (std::filesystem::path(folder) / path).lexically_normal().string();
}

void read_claim(Decoder& decoder, const Object& object, std::string_view key, std::optional<issuer::ClaimPath>& out) {
  const auto* node = object.find(key);
  if (!node) return;
  auto text = decoder.string(*node);
  if (!text) return;
  auto path = issuer::ClaimPath::parse(*text);
  if (path)
    out = *std::move(path);
  else
    decoder.refuse(*node, std::move(path).error());
}

issuer::MachineMapping read_machine(Decoder& decoder, const Node& node) {
  issuer::MachineMapping mapping;
  Object machine(
      decoder, node, "machine mapping",
      {"kind", "job", "project", "project_id", "pipeline", "ref", "sha", "environment", "user", "ref_protected"});
  machine.read("kind", mapping.kind, {{"job", issuer::Kind::job}, {"service", issuer::Kind::service}});
  read_claim(decoder, machine, "job", mapping.job);
  if (mapping.kind == issuer::Kind::job && !mapping.job)
    decoder.refuse(node.at, "kind: job without job", "the claim that names the job, as each job has one session");
  read_claim(decoder, machine, "project", mapping.project);
  read_claim(decoder, machine, "project_id", mapping.project_id);
  read_claim(decoder, machine, "pipeline", mapping.pipeline);
  read_claim(decoder, machine, "ref", mapping.ref);
  read_claim(decoder, machine, "sha", mapping.sha);
  read_claim(decoder, machine, "environment", mapping.environment);
  read_claim(decoder, machine, "user", mapping.user);
  read_claim(decoder, machine, "ref_protected", mapping.ref_protected);
  return mapping;
}

issuer::PersonMapping read_person(Decoder& decoder, const Node& node) {
  issuer::PersonMapping mapping;
  Object person(decoder, node, "person mapping", {"name", "email", "groups"});
  read_claim(decoder, person, "name", mapping.name);
  read_claim(decoder, person, "email", mapping.email);
  read_claim(decoder, person, "groups", mapping.groups);
  return mapping;
}

void read_profile(Decoder& decoder, Object& object, const Node& node, issuer::Profile& profile) {
  object.require("profile");
  object.read("profile", profile.name,
              {{"gitlab", issuer::ProfileName::gitlab}, {"generic", issuer::ProfileName::generic}});
  const auto* machine = object.find("machine");
  const auto* person = object.find("person");
  if (profile.name == issuer::ProfileName::gitlab) {
    if (machine || person) decoder.refuse(node.at, "a mapping", "none: the gitlab profile brings its own");
    return;
  }
  if (!machine == !person)
    decoder.refuse(node.at, machine ? "both machine and person" : "no mapping", "machine or person, one of them");
  if (machine) profile.mapping = read_machine(decoder, *machine);
  if (person) profile.mapping = read_person(decoder, *person);
}

void read_algorithms(Decoder& decoder, const Object& object, std::vector<crypto::Algorithm>& out) {
  out = {crypto::Algorithm::rs256};  // GitLab's, and the default of OpenID Connect
  const auto* node = object.find("algorithms");
  if (!node) return;
  const auto* items = decoder.list(*node);
  if (!items) return;
  using A = crypto::Algorithm;
  out.clear();
  for (const auto& item : *items) {
    auto algorithm = decoder.word<A>(item, {{"RS256", A::rs256},
                                            {"RS384", A::rs384},
                                            {"RS512", A::rs512},
                                            {"PS256", A::ps256},
                                            {"PS384", A::ps384},
                                            {"PS512", A::ps512},
                                            {"ES256", A::es256},
                                            {"ES384", A::es384},
                                            {"ES512", A::es512},
                                            {"EdDSA", A::eddsa}});
    if (algorithm) out.push_back(*algorithm);
  }
}

void read_live_source(Decoder& decoder, Object& object, const issuer::IssuerConfig& issuer,
                      std::vector<LiveSource>& live) {
  LiveSource source{issuer.name, issuer.keys.issuer_url, {}, {}, issuer.keys.fetch};
  object.read("webhook_secret", source.webhook_secrets);
  object.read("api_token", source.api_token);
  object.read("api_url", source.url);
  const auto* node = object.find(source.webhook_secrets.empty() ? "api_token" : "webhook_secret");
  if (!node) return;
  if (issuer.profile.name != issuer::ProfileName::gitlab)
    return decoder.refuse(node->at, "an issuer that is no GitLab", "profile: gitlab, whose events and API are known");
  live.push_back(std::move(source));
}

}  // namespace

std::optional<issuer::IssuerConfig> read_issuer(Decoder& decoder, const std::string& name, const Node& node,
                                                const std::string& folder, std::vector<LiveSource>& live) {
  Object object(decoder, node, "issuer",
                {"profile", "url", "audience", "algorithms", "skew", "max_token_age", "types", "machine", "person",
                 "jwks", "jwks_file", "jwks_uri", "ca", "allow_loopback_http", "refresh", "keep_during_outage",
                 "webhook_secret", "api_token", "api_url"});
  issuer::IssuerConfig config;
  config.name = name;
  read_profile(decoder, object, node, config.profile);
  auto& expected = config.expectations;
  if (object.require("url")) object.read("url", expected.issuer);
  if (object.require("audience")) object.read("audience", expected.audiences);
  read_algorithms(decoder, object, expected.algorithms);
  object.read("skew", expected.skew, seconds(0), minutes(5));
  if (object.find("max_token_age")) object.read("max_token_age", expected.max_age.emplace(), minutes(1), hours(24 * 7));
  object.read("types", expected.types);
  auto& keys = config.keys;
  keys.issuer_name = name;
  keys.issuer_url = expected.issuer;
  object.read("jwks", keys.jwks_inline);
  object.read("jwks_file", keys.jwks_file);
  keys.jwks_file = absolute(folder, keys.jwks_file);
  object.read("jwks_uri", keys.jwks_uri);
  object.read("ca", keys.fetch.ca_file);
  keys.fetch.ca_file = absolute(folder, keys.fetch.ca_file);
  object.read("allow_loopback_http", keys.fetch.allow_loopback_http);
  object.read("refresh", keys.refresh, minutes(1), hours(24));
  object.read("keep_during_outage", keys.keep_during_outage, minutes(1), hours(24 * 30));
  if (!decoder.ok()) return std::nullopt;
  if (auto checked = issuer::check(keys); !checked) {
    decoder.refuse(node, std::move(checked).error());
    return std::nullopt;
  }
  read_live_source(decoder, object, config, live);
  return config;
}

std::optional<access::Client> read_client(Decoder& decoder, const std::string& id, const Node& node,
                                          const std::string& folder) {
  Object object(decoder, node, "client", {"secret", "jwks_file", "resources"});
  access::Client client;
  client.id = id;
  object.read("secret", client.secret_sha256);
  if (object.require("resources")) object.read("resources", client.resources);
  constexpr std::size_t kHashLength = std::string_view("sha256:").size() + 64;
  if (!client.secret_sha256.empty() &&
      (!client.secret_sha256.starts_with("sha256:") || client.secret_sha256.size() != kHashLength))
    decoder.refuse(
        object.find("secret")->at, "something else", "sha256:<64 hex digits>",
        "make a secret and its hash with 'watchword clients secret'; a secret in clear does not belong here");
  std::string jwks_file;
  object.read("jwks_file", jwks_file);
  if (client.secret_sha256.empty() && jwks_file.empty())
    decoder.refuse(node.at, "a client without secret or jwks_file", "one of them");
  if (!jwks_file.empty()) {
    auto text = read_file(absolute(folder, jwks_file));
    auto keys = text ? jose::KeySet::parse(*text) : Result<jose::KeySet>(std::unexpected(text.error()));
    if (keys)
      client.keys = std::make_shared<const jose::KeySet>(*std::move(keys));
    else
      decoder.refuse(*object.find("jwks_file"), std::move(keys).error());
  }
  if (!decoder.ok()) return std::nullopt;
  return client;
}

}  // namespace watchword::cli
