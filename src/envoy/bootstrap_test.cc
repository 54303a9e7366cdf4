#include "envoy/bootstrap.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "access/identity_headers.h"
#include "envoy/bootstrap_headers.h"
#include "envoy/bootstrap_test_util.h"

namespace watchword::envoy {
namespace {

using namespace testing;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const std::string kFirstRoute = kHosts + "/0/routes/0";
const std::string kMetadata = "/typed_per_filter_config/envoy.filters.http.ext_proc/overrides/grpc_initial_metadata";

TEST(Bootstrap, AsksTheGateAboutEachResourceByItsName) {
  const auto json = bootstrap_of(kBilling);
  EXPECT_EQ(dump_at(json, kHosts + "/0/domains"), R"(["billing.test"])");
  EXPECT_EQ(dump_at(json, kFirstRoute + "/match"), R"({"prefix":"/"})");
  EXPECT_EQ(dump_at(json, kFirstRoute + "/route/cluster"), R"("resource/billing-api")");
  EXPECT_EQ(dump_at(json, kFirstRoute + kMetadata), R"([{"key":"watchword-resource","value":"billing-api"}])");
  EXPECT_EQ(dump_at(json, kHosts + "/0/request_headers_to_remove"), R"(["authorization","dpop"])");
  EXPECT_EQ(dump_at(json, kExtProc + "/typed_config/failure_mode_allow"), "false");
  EXPECT_EQ(dump_at(json, kExtProc + "/typed_config/grpc_service/envoy_grpc/cluster_name"),
            dump_at(json, kAuthorization + "/name"));
}

// Or what runs when a session ends would go on.
TEST(Bootstrap, HasEnvoyHoldTheCallUntilTheResponseIsOver) {
  const auto json = bootstrap_of(kBilling);
  EXPECT_EQ(dump_at(json, kExtProc + "/typed_config/processing_mode/response_trailer_mode"), R"("SEND")");
  EXPECT_EQ(dump_at(json, kExtProc + "/typed_config/processing_mode/response_body_mode"), R"("NONE")");
  EXPECT_EQ(dump_at(json, kExtProc + "/typed_config/grpc_service/timeout"), "absent");
  EXPECT_EQ(dump_at(json, kManager + "/upgrade_configs"), R"([{"upgrade_type":"websocket"}])");
  EXPECT_EQ(dump_at(json, kManager + "/delayed_close_timeout"), R"("0.1s")");
}

TEST(Bootstrap, AnswersUnknownHostsItself) {
  const auto json = bootstrap_of(kBilling);
  EXPECT_EQ(dump_at(json, kHosts + "/1/domains"), R"(["*"])");
  EXPECT_EQ(dump_at(json, kHosts + "/1/routes/0/direct_response/status"), "404");
  EXPECT_EQ(dump_at(json, kHosts + "/1/routes/0/route"), "absent");
  const auto* body = find_at(json, kHosts + "/1/routes/0/direct_response/body/inline_string");
  ASSERT_TRUE(body != nullptr && body->string() != nullptr);
  EXPECT_THAT(*body->string(), HasSubstr("host_unknown"));
}

TEST(Bootstrap, TakesThePrefixAwayAndTheLongestFirst) {
  const auto json = bootstrap_of(resources(
      {{"a", "upstream: http://10.0.0.1:80, prefix: /a"}, {"deep", "upstream: http://10.0.0.2:80, prefix: /a/b"}}));
  EXPECT_EQ(dump_at(json, kHosts + "/0/domains"), R"(["gate.test"])");
  std::vector<std::string> matches;
  for (const Json& route : items(find_at(json, kHosts + "/0/routes")))
    matches.push_back(route.find("match")->dump() + " " + dump_at(route, "route/prefix_rewrite"));
  EXPECT_THAT(matches, ElementsAre(R"({"path":"/a/b"} "/")", R"({"prefix":"/a/b/"} "/")", R"({"path":"/a"} "/")",
                                   R"({"prefix":"/a/"} "/")", R"({"prefix":"/"} absent)"));
}

TEST(Bootstrap, LeadsAHostThatAResourceHasNowhereElse) {
  const auto policy = resources({{"host", "upstream: http://10.0.0.1:80, host: gate.test"},
                                 {"prefixed", "upstream: http://10.0.0.2:80, prefix: /p"}});
  auto options = loopback_options();
  EXPECT_THAT(refusals_of(policy, options), ElementsAre(HasSubstr("resource prefixed")));
  options.hosts.emplace_back("other.test");
  EXPECT_EQ(dump_at(bootstrap_of(policy, options), kHosts + "/1/domains"), R"(["other.test"])");
}

TEST(Bootstrap, VerifiesTheUpstreamsNameAndShowsTheClientCertificate) {
  const auto json = bootstrap_of(
      resources({{"api",
                  "upstream: https://api.internal:8443, host: a.test, ca: /ca.pem, client_certificate: /c.pem, "
                  "client_key: /k.pem, server_name: other.internal"}}));
  const auto tls = kBackend + "/transport_socket/typed_config";
  EXPECT_EQ(dump_at(json, tls + "/sni"), R"("other.internal")");
  EXPECT_EQ(dump_at(json, tls + "/common_tls_context/validation_context"),
            R"({"match_typed_subject_alt_names":[{"matcher":{"exact":"other.internal"},"san_type":"DNS"}],)"
            R"("trusted_ca":{"filename":"/ca.pem"}})");
  EXPECT_EQ(dump_at(json, tls + "/common_tls_context/tls_certificates/0/private_key"), R"({"filename":"/k.pem"})");
  EXPECT_EQ(dump_at(json, kBackend + "/type"), R"("STRICT_DNS")");
  EXPECT_EQ(dump_at(json, kBackend + "/load_assignment/endpoints/0/lb_endpoints/0/endpoint/hostname"),
            R"("api.internal:8443")");
}

TEST(Bootstrap, VerifiesAnAddressAsAnAddress) {
  const auto json = bootstrap_of(resources({{"api", "upstream: 'https://[2001:db8::1]', host: a.test"}}));
  const auto tls = kBackend + "/transport_socket/typed_config";
  EXPECT_EQ(dump_at(json, tls + "/sni"), "absent");
  EXPECT_EQ(dump_at(json, tls + "/common_tls_context/validation_context/match_typed_subject_alt_names"),
            R"([{"matcher":{"exact":"2001:db8::1"},"san_type":"IP_ADDRESS"}])");
  EXPECT_EQ(dump_at(json, kBackend + "/type"), R"("STATIC")");
}

TEST(Bootstrap, SpreadsRequestsAsThePolicySays) {
  const auto json = bootstrap_of(
      resources({{"api",
                  "upstream: {endpoints: ['http://10.0.0.1:80', 'http://10.0.0.2:80'], balance: least_requests, "
                  "health: {path: /healthz, every: 3s}, eject: {after: 7, for: 9s}, retries: 2, "
                  "max_requests: 50, proxy_protocol: v2}, host: a.test"}}));
  EXPECT_EQ(items(find_at(json, kBackend + "/load_assignment/endpoints/0/lb_endpoints")).size(), 2u);
  EXPECT_EQ(dump_at(json, kBackend + "/lb_policy"), R"("LEAST_REQUEST")");
  EXPECT_EQ(dump_at(json, kBackend + "/health_checks/0/http_health_check/path"), R"("/healthz")");
  EXPECT_EQ(dump_at(json, kBackend + "/health_checks/0/interval"), R"("3s")");
  EXPECT_EQ(dump_at(json, kBackend + "/outlier_detection/consecutive_local_origin_failure"), "7");
  EXPECT_EQ(dump_at(json, kBackend + "/circuit_breakers/thresholds/0/max_requests"), "50");
  EXPECT_EQ(dump_at(json, kBackend + "/transport_socket/name"), R"("envoy.transport_sockets.upstream_proxy_protocol")");
  EXPECT_EQ(dump_at(json, kFirstRoute + "/route/retry_policy/num_retries"), "2");
}

TEST(Bootstrap, NoStreamLastsLongerThanItsResourceAndTheListenerPermit) {
  const auto longest = [](const std::string& stream) {
    const auto json =
        bootstrap_of(resources({{"api", "upstream: 'http://10.0.0.1', host: a.test" +
                                            (stream.empty() ? "" : ", timeouts: {stream: " + stream + "}")}}));
    return dump_at(json, kFirstRoute + "/route/max_stream_duration");
  };
  EXPECT_EQ(longest("90s"), R"({"max_stream_duration":"90s"})");
  EXPECT_EQ(longest("8h"), R"({"max_stream_duration":"900s"})");
  EXPECT_EQ(longest(""), "absent");
}

TEST(Bootstrap, SpeaksTheProtocolThatThePolicySays) {
  const std::string options =
      kBackend + "/typed_extension_protocol_options/envoy.extensions.upstreams.http.v3.HttpProtocolOptions";
  const auto of = [&](const std::string& upstream) {
    return *find_at(bootstrap_of(resources({{"api", "upstream: {endpoints: ['" + upstream + "}, host: a.test"}})),
                    options);
  };
  EXPECT_EQ(dump_at(of("https://a.internal']"), "explicit_http_config/http2_protocol_options"), "absent");
  EXPECT_NE(dump_at(of("http://a.internal'], protocol: http2"), "explicit_http_config/http2_protocol_options"),
            "absent");
  EXPECT_NE(dump_at(of("https://a.internal'], protocol: auto"), "auto_config/http2_protocol_options"), "absent");
  EXPECT_EQ(dump_at(of("http://a.internal'], protocol: auto"), "auto_config"), "absent");
}

TEST(Bootstrap, DemandsOfEachEndpointACertificateOfItsOwnName) {
  const auto json = bootstrap_of(resources(
      {{"api", "upstream: {endpoints: ['https://a.internal', 'https://b.internal'], retries: 0}, host: a.test"}}));
  EXPECT_EQ(dump_at(json, kBackend + "/transport_socket/name"), R"("envoy.transport_sockets.tls")");
  for (const auto* i : {"0", "1"}) {
    const auto match = kBackend + "/transport_socket_matches/" + i;
    EXPECT_EQ(dump_at(json, match + "/transport_socket/typed_config/sni"), dump_at(json, match + "/match/name"));
    EXPECT_EQ(dump_at(json, kBackend + "/load_assignment/endpoints/0/lb_endpoints/" + i +
                                "/metadata/filter_metadata/envoy.transport_socket_match/name"),
              dump_at(json, match + "/name"));
  }
  EXPECT_EQ(dump_at(json, kFirstRoute + "/route/retry_policy"), "absent");
}

TEST(Bootstrap, TellsTheGateOfRequestsThatItLetThrough) {
  const auto json = bootstrap_of(kBilling);
  const auto log = kManager + "/access_log/1";
  EXPECT_EQ(dump_at(json, log + "/typed_config/common_config/grpc_service/envoy_grpc/cluster_name"),
            dump_at(json, kAuthorization + "/name"));
  EXPECT_EQ(dump_at(json, log + "/typed_config/common_config/transport_api_version"), R"("V3")");
  EXPECT_EQ(dump_at(json, log + "/filter/metadata_filter/match_if_key_not_found"), "false");
}

TEST(Bootstrap, RemovesHeadersOfAnswers) {
  const auto json = bootstrap_of(
      resources({{"api", "upstream: http://10.0.0.1:80, host: a.test, response: {remove_headers: [X-Powered-By]}"}}));
  EXPECT_EQ(dump_at(json, kFirstRoute + "/response_headers_to_remove"), R"(["x-powered-by"])");
  EXPECT_EQ(dump_at(bootstrap_of(kBilling), kFirstRoute + "/response_headers_to_remove"), "absent");
}

TEST(Bootstrap, RefusesWhatEnvoyCannotMask) {
  const auto refusals = refusals_of(
      resources({{"api",
                  "upstream: http://10.0.0.1:80, host: a.test, inject: [{header: x-key, secret: 'env:KEY'}], "
                  "response: {redact: true}"}}),
      loopback_options());
  EXPECT_THAT(refusals, ::testing::Contains(HasSubstr("redact: answers that are read through")));
}

// What is below its prefix is not left to a shorter one.
TEST(Bootstrap, OfANodeLeavesOutWhatEnvoyCannotServeAndNothingElse) {
  const auto policy = resources(
      {{"masked",
        "upstream: http://10.0.0.1:80, prefix: /a/b, inject: [{header: x-key, secret: 'env:KEY'}], response: {redact: "
        "true}"},
       {"plain", "upstream: http://10.0.0.2:80, prefix: /a"}});
  auto options = loopback_options();
  options.node = {"edge", XdsForm::delta};
  const auto parts = render_node(*policy_of(policy), options);
  ASSERT_TRUE(parts.has_value());
  ASSERT_EQ(parts->left_out.size(), 1u);
  EXPECT_EQ(parts->left_out.front().where, "resource masked");
  EXPECT_EQ(parts->clusters.size(), 1u);
  EXPECT_THAT(parts->secrets, IsEmpty());
  std::vector<std::string> shown;
  for (const Json& route : items(find_at(parts->routes, "virtual_hosts/0/routes")))
    shown.push_back(route.find("match")->dump() + " " + dump_at(route, "route/cluster") + " " +
                    dump_at(route, "direct_response/status"));
  EXPECT_THAT(shown, ElementsAre(R"({"path":"/a/b"} absent 404)", R"({"prefix":"/a/b/"} absent 404)",
                                 R"({"path":"/a"} "resource/plain" absent)",
                                 R"({"prefix":"/a/"} "resource/plain" absent)", R"({"prefix":"/"} absent 404)"));
}

TEST(Bootstrap, RemovesTrailersThatABackendMightReadAsHeaders) {
  const auto policy = resources({{"api",
                                  "upstream: http://10.0.0.1:80, host: a.test, inject: [{header: X-Key, secret: "
                                  "'env:KEY'}], response: {remove_headers: [X-Powered-By]}"}});
  auto options = loopback_options();
  options.node = {"edge", XdsForm::delta};
  const auto parts = render_node(*policy_of(policy), options);
  ASSERT_TRUE(parts.has_value());
  EXPECT_EQ(dump_at(parts->routes,
                    "virtual_hosts/0/routes/0/typed_per_filter_config/envoy.filters.http.header_mutation/mutations"),
            R"({"request_trailers_mutations":[{"remove":"x-key"}],)"
            R"("response_trailers_mutations":[{"remove":"x-powered-by"}]})");
  const auto json = bootstrap_of(kBilling);
  const auto* all = find_at(json, kManager + "/http_filters/0/typed_config/mutations/request_trailers_mutations");
  ASSERT_NE(all, nullptr);
  for (const auto name : access::identity_headers()) EXPECT_TRUE(removes(*all, {name})) << name;
  for (const auto prefix : access::identity_header_prefixes()) EXPECT_TRUE(removes(*all, {prefix, true})) << prefix;
}

TEST(Bootstrap, ACrowdThatLeavesDoesNotCloseTheConnectionOfAllCalls) {
  const auto http2 = kAuthorization +
                     "/typed_extension_protocol_options/envoy.extensions.upstreams.http.v3.HttpProtocolOptions/"
                     "explicit_http_config/http2_protocol_options";
  EXPECT_EQ(dump_at(bootstrap_of(kBilling), http2 + "/max_outbound_control_frames"), "100000");
  EXPECT_EQ(dump_at(bootstrap_of(kBilling), http2 + "/max_outbound_frames"), "200000");
}

TEST(Bootstrap, RefusesWhatAFileCannotHold) {
  const auto policy =
      resources({{"injected",
                  "upstream: http://10.0.0.1:80, host: a.test, inject: [{header: authorization, secret: "
                  "'env:TOKEN'}]"},
                 {"odd", "upstream: http://10.0.0.1:80, host: b.test, ambiguous_paths: allow"},
                 {"plain", "upstream: http://10.0.0.1:80, host: c.test"}});
  auto options = loopback_options();
  EXPECT_THAT(refusals_of(policy, options), ElementsAre(HasSubstr("resource injected"), HasSubstr("resource odd")));
  options.resources = {"plain"};
  EXPECT_THAT(refusals_of(policy, options), IsEmpty());
  EXPECT_EQ(items(find_at(bootstrap_of(policy, options), "static_resources/clusters")).size(), 2u);
  options.resources = {"plian"};
  EXPECT_THAT(refusals_of(policy, options), ElementsAre(HasSubstr("plian")));
}

TEST(Bootstrap, RefusesAddressesThatOthersReach) {
  auto options = loopback_options();
  options.listen.host = "";
  options.admin = {.host = "192.0.2.1", .port = 9901};
  options.ext_authz = {.host = "192.0.2.2", .port = 9000};
  EXPECT_THAT(refusals_of(kBilling, options),
              ElementsAre(HasSubstr("--listen"), HasSubstr("--admin"), HasSubstr("ext_authz")));
  options = loopback_options();
  options.listen.host = "";
  options.tls = {.certificate = "/gate.pem", .key = "/gate.key", .client_ca = "/clients.pem"};
  options.ext_authz = {.host = "gate.internal", .port = 9000};
  options.gate_tls = {.server_name = "gate.test", .certificate = "/e.pem", .key = "/e.key", .ca_file = "/ca.pem"};
  const auto json = bootstrap_of(kBilling, options);
  const auto chain = kListener + "/filter_chains/0";
  EXPECT_EQ(dump_at(json, chain + "/transport_socket/typed_config/require_client_certificate"), "true");
  EXPECT_EQ(dump_at(json, kAuthorization + "/transport_socket/typed_config/sni"), R"("gate.test")");
}

TEST(Bootstrap, IsTheSameBytesWhateverTheOrderOfFiles) {
  const auto a = resources({{"a", "upstream: http://10.0.0.1:80, host: a.test"}});
  const auto b = resources({{"b", "upstream: http://10.0.0.2:80, host: b.test"}});
  const auto one = policy::Policy::parse({{"1.yaml", a}, {"2.yaml", b}});
  const auto other = policy::Policy::parse({{"1.yaml", b}, {"2.yaml", a}});
  ASSERT_TRUE(one && other);
  EXPECT_EQ(render_bootstrap(**one, loopback_options())->dump(), render_bootstrap(**other, loopback_options())->dump());
}

// The gate's own list says what an identity header is; the job's credential and trace must reach the gate, and Envoy
// itself answers `expect`.
TEST(ForgedHeaders, AreThoseThatTheGateKnows) {
  const auto mutations = remove_all(forged_headers());
  constexpr std::array<std::string_view, 5> kNeeded = {"authorization", "dpop", "expect", "traceparent", "tracestate"};
  for (const auto name : access::identity_headers())
    if (std::ranges::find(kNeeded, name) == kNeeded.end()) EXPECT_TRUE(removes(mutations, {name})) << name;
  for (const auto prefix : access::identity_header_prefixes())
    EXPECT_TRUE(removes(mutations, {prefix, true})) << prefix;
  for (const auto name : kNeeded) EXPECT_FALSE(removes(mutations, {name})) << name;
  for (const auto& header : forged_headers())
    EXPECT_TRUE(access::is_identity_header(std::string(header.name) + (header.prefix ? "x" : "")) ||
                header.name == "watchword-")
        << header.name;
}

}  // namespace
}  // namespace watchword::envoy
