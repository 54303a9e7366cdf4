// watchword.yaml: what is wrong is refused at its place; what is dangerous cannot be said.
#include "cli/config.h"

#include <gmock/gmock.h>

namespace watchword::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::string_view kGood = R"(url: https://gate.example.com
listen: { api: "127.0.0.1:8443", gateway: "127.0.0.1:8444", admin: "unix:/run/watchword/admin.sock" }
store: sqlite://state.db
policy: policy
sealing_key: env:SEALING_KEY
log: { directory: log }
issuers:
  gitlab: { profile: gitlab, url: https://gitlab.example.com, audience: https://gate.example.com }
)";

std::expected<Config, std::vector<Error>> parse(std::string text) {
  return parse_config("watchword.yaml", text, "/etc/watchword");
}

std::string with(std::string_view from, std::string_view to) {
  std::string text(kGood);
  auto at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

TEST(Config, TwoIssuersOfOneUrlAreRefusedAtTheSecond) {
  auto config =
      parse(std::string(kGood) +
            "  other: { profile: gitlab, url: https://gitlab.example.com, audience: https://x.example.com }\n");
  ASSERT_FALSE(config.has_value());
  EXPECT_EQ(config.error().front().where, "watchword.yaml:9:3");
  EXPECT_EQ(config.error().front().reason, Reason::config_invalid);
}

TEST(Config, ReadsWhatIsGivenAndDefaultsTheRest) {
  auto config = parse(std::string(kGood));
  ASSERT_TRUE(config.has_value()) << to_string(config.error().front());
  EXPECT_EQ(config->url, "https://gate.example.com");
  EXPECT_EQ(config->api.port, 8443);
  EXPECT_EQ(config->admin.unix_path, "/run/watchword/admin.sock");
  EXPECT_EQ(config->store, "sqlite:///etc/watchword/state.db");
  EXPECT_EQ(config->policy_directory, "/etc/watchword/policy");
  EXPECT_EQ(config->log_origin, "gate.example.com/log");
  EXPECT_FALSE(config->log_public);
  EXPECT_TRUE(config->dpop.nonce_required);
  EXPECT_EQ(config->request_records, access::RequestRecords::batch);
  ASSERT_EQ(config->issuers.size(), 1u);
  EXPECT_THAT(config->issuers[0].expectations.audiences, ElementsAre("https://gate.example.com"));
  EXPECT_THAT(config->issuers[0].expectations.algorithms, ElementsAre(crypto::Algorithm::rs256));
  EXPECT_EQ(config->issuers[0].expectations.skew, std::chrono::seconds(60));
}

TEST(Config, RefusesAtThePlaceWhatCannotBeRight) {
  struct Row {
    std::string text, where, found_or_expected;
  };
  const Row rows[] = {
      {with("store: ", "stor: "), "watchword.yaml:3:1", "stor"},
      {with("url: https://gate.example.com\n", "url: https://gate.example.com/\n"), "watchword.yaml:1:6", "origin"},
      {with("url: https://gate.example.com\n", "url: http://gate.example.com\n"), "watchword.yaml:1:6", "https"},
      {with("listen:", "gateway_url: https://gate.example.com/\nlisten:"), "watchword.yaml:2:14", "origin"},
      {with("listen:", "gateway_url: http://edge.example.com\nlisten:"), "watchword.yaml:2:14", "https"},
      {with("127.0.0.1:8443", ":8443"), "watchword.yaml:1:1", "tls"},
      {with("unix:/run/watchword/admin.sock", "127.0.0.1:9000"), "watchword.yaml:2:68", "unix:"},
      {with("127.0.0.1:8444\"", "127.0.0.1:8444\", ext_authz: \":9191\""), "watchword.yaml:2:9", "Envoy alone"},
      {with("store: ", "ext_authz: { client_ca: envoy.pem }\nstore: "), "watchword.yaml:3:12", "listen.ext_authz"},
      {with("sqlite://state.db", "mysql://db"), "watchword.yaml:3:8", "sqlite://"},
      {with("audience: https://gate.example.com", "audience: []"), "watchword.yaml:8:73", "empty list"},
      {with(", audience: https://gate.example.com", ""), "watchword.yaml:8:11", "audience"},
      {with("profile: gitlab,", "profile: gitlap,"), "watchword.yaml:8:22", "gitlap"},
      {with("profile: gitlab,", "profile: generic,"), "watchword.yaml:8:11", "machine"},
      {with("profile: gitlab,", "profile: generic, machine: { kind: job },"), "watchword.yaml:8:40", "job"},
      {with("profile: gitlab,", "profile: gitlab, algorithms: [HS256],"), "watchword.yaml:8:43", "HS256"},
      {with("profile: gitlab,", "profile: gitlab, algorithms: [none],"), "watchword.yaml:8:43", "none"},
      {with("profile: gitlab,", "profile: gitlab, skew: 2h,"), "watchword.yaml:8:36", "2h"},
      {with("log: { directory: log }", "log: { directory: log }\nclients: { c: { secret: hunter2, resources: [r] } }"),
       "watchword.yaml:7:25", "sha256:"},
      {with("store: ", "limits: { connections_per_address: 0 }\nstore: "), "watchword.yaml:3:36", "0"},
      {with("store: ", "limits: { header_bytes: 1048576 }\nstore: "), "watchword.yaml:3:25", "1048576"},
      {with("store: ", "limits: { streams: 5 }\nstore: "), "watchword.yaml:3:11", "streams"},
      {with("store: ", "dns: {}\nstore: "), "watchword.yaml:3:6", "servers"},
      {with("store: ", "dns: { servers: [192.0.2.53, dns.example.com] }\nstore: "), "watchword.yaml:3:30",
       "dns.example.com"},
  };
  for (const auto& row : rows) {
    auto config = parse(row.text);
    ASSERT_FALSE(config.has_value()) << row.text;
    const auto& error = config.error().front();
    EXPECT_EQ(error.where, row.where) << row.text << to_string(error);
    EXPECT_THAT(error.found + " " + error.expected, HasSubstr(row.found_or_expected)) << row.text;
  }
}

TEST(Config, JobsFindTheGatewayAtItsPortUnlessAnotherPlaceIsSaid) {
  EXPECT_EQ(parse(std::string(kGood))->gateway_url, "https://gate.example.com:8444");
  EXPECT_EQ(parse(with("127.0.0.1:8444", "127.0.0.1:443"))->gateway_url, "https://gate.example.com");
  EXPECT_EQ(parse(with("127.0.0.1:8444", "unix:/run/gateway.sock"))->gateway_url, "https://gate.example.com");
  EXPECT_EQ(parse(with("listen:", "gateway_url: https://edge.example.com\nlisten:"))->gateway_url,
            "https://edge.example.com");
}

TEST(Config, LimitsAndNameServersAreTheOperators) {
  const auto defaults = parse(std::string(kGood));
  ASSERT_TRUE(defaults.has_value());
  EXPECT_EQ(defaults->limits.connections_per_address, 2000U);
  EXPECT_TRUE(defaults->dns_servers.empty());
  const auto config = parse(with("store: ",
                                 "limits: { connections: 100, connections_per_address: 7, header_bytes: 8192 }\n"
                                 "dns: { servers: [192.0.2.53, \"[2001:db8::53]:5353\"] }\nstore: "));
  ASSERT_TRUE(config.has_value()) << to_string(config.error().front());
  EXPECT_EQ(config->limits.connections, 100U);
  EXPECT_EQ(config->limits.connections_per_address, 7U);
  EXPECT_EQ(config->limits.header_bytes, 8192U);
  EXPECT_THAT(config->dns_servers, ElementsAre("192.0.2.53", "[2001:db8::53]:5353"));
}

TEST(Config, EnvoyAsksOverASocketOrWithACertificate) {
  const auto local = parse(with("127.0.0.1:8444\"", "127.0.0.1:8444\", ext_authz: \"unix:/run/watchword/envoy.sock\""));
  ASSERT_TRUE(local.has_value()) << to_string(local.error().front());
  EXPECT_EQ(local->ext_authz->unix_path, "/run/watchword/envoy.sock");
  EXPECT_EQ(local->ext_authz_client_ca, "");
  const auto remote = parse(with("127.0.0.1:8444\"", "127.0.0.1:8444\", ext_authz: \":9191\"") +
                            "tls: { certificate: gate.pem, key: gate.key }\next_authz: { client_ca: envoy.pem }\n");
  ASSERT_TRUE(remote.has_value()) << to_string(remote.error().front());
  EXPECT_EQ(remote->ext_authz->port, 9191);
  EXPECT_EQ(remote->ext_authz_client_ca, "/etc/watchword/envoy.pem");
}

TEST(Config, NeverRepeatsASecretThatWasWrittenInClear) {
  auto config = parse(
      with("log: { directory: log }", "log: { directory: log }\nclients: { c: { secret: hunter2, resources: [r] } }"));
  ASSERT_FALSE(config.has_value());
  for (const auto& error : config.error()) EXPECT_THAT(to_string(error), ::testing::Not(HasSubstr("hunter2")));
}

// With a gate that Envoys reach at `address`, and this node.
std::string with_node(const std::string& address, const std::string& more, const std::string& node) {
  return with("127.0.0.1:8444\"", "127.0.0.1:8444\", ext_authz: \"" + address + "\"") + more +
         "envoy:\n  nodes:\n    edge: { " + node + " }\n";
}

TEST(Config, ReadsANodeOfEnvoy) {
  const auto config = parse(with_node("unix:/run/e.sock", "",
                                      "listen: \":10443\", form: sotw, resources: [a], hosts: gate.test, "
                                      "tls: { certificate: c.pem, key: k.pem }, heap_mib: 128"));
  ASSERT_TRUE(config.has_value()) << to_string(config.error().front());
  ASSERT_EQ(config->envoy_nodes.size(), 1u);
  const auto& node = config->envoy_nodes.front();
  EXPECT_EQ(node.name, "edge");
  EXPECT_EQ(node.form, envoy::XdsForm::sotw);
  EXPECT_EQ(node.options.listen, ":10443");
  EXPECT_EQ(node.options.listener_tls.key, "/etc/watchword/k.pem");
  EXPECT_THAT(node.options.resources, ElementsAre("a"));
  EXPECT_EQ(node.options.heap_mib, 128);
}

TEST(Config, RefusesANodeOfEnvoyThatCouldNotBeToldFromAnother) {
  const std::string tls = "tls: { certificate: c.pem, key: k.pem }\n", listen = "listen: \"127.0.0.1:1\"",
                    gate = ", gate: { certificate: e.pem, key: e.key }";
  struct Row {
    std::string text, found_or_expected;
  };
  const Row rows[] = {
      {std::string(kGood) + "envoy: { nodes: { edge: { " + listen + " } } }\n", "listen.ext_authz"},
      {with_node("127.0.0.1:9191", "", listen + ", certificate: a.example.com" + gate), "without a certificate"},
      {with_node("127.0.0.1:9191", tls + "ext_authz: { client_ca: ca.pem }\n", listen + gate), "client certificate"},
      {with_node("127.0.0.1:9191", tls + "ext_authz: { client_ca: ca.pem }\n", listen + ", certificate: a.example.com"),
       "gate.certificate"},
      {with_node("127.0.0.1:9191", tls + "ext_authz: { client_ca: ca.pem }\n",
                 listen + ", certificate: a.example.com" + gate),
       "without tls"},
      {with_node("unix:/run/e.sock", "", listen + gate), "Unix socket"},
      {with_node("unix:/run/e.sock", "", listen + ", certificate: \"*.example.com\""), "without wildcard"},
      {with_node("unix:/run/e.sock", "ext_authz: { form: http }\n", listen), "grpc"},
      {with_node("unix:/run/e.sock", "", "admin: \"unix:/run/a.sock\""), "listen"},
      {with_node("unix:/run/e.sock", "", listen + ", form: deltas"), "deltas"},
      {with_node("unix:/run/e.sock", "", listen + ", listn: x"), "listn"},
  };
  for (const auto& row : rows) {
    const auto config = parse(row.text);
    ASSERT_FALSE(config.has_value()) << row.text;
    EXPECT_THAT(to_string(config.error().front()), HasSubstr(row.found_or_expected)) << row.text;
  }
}

TEST(Config, TellsAllErrorsAtOnce) {
  auto config = parse(with("store: ", "stor: ") + "theads: 2\n");
  ASSERT_FALSE(config.has_value());
  EXPECT_GE(config.error().size(), 3u);  // stor, theads, and no store
}

}  // namespace
}  // namespace watchword::cli
