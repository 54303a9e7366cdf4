#include "envoy/config_check.h"

#include "envoy/bootstrap_test_util.h"

namespace watchword::envoy {
namespace {

using namespace testing;

constexpr const char* kOff =
    R"({"@type":"type.googleapis.com/envoy.extensions.filters.http.ext_proc.v3.ExtProcPerRoute","disabled":true})";

constexpr const char* kLua =
    R"({"name":"lua","typed_config":{"@type":"type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua"}})";

std::string found_in(const Json& bootstrap) {
  std::string lines;
  for (const auto& error : check_bootstrap(bootstrap))
    lines += error.where + ": " + error.found + " / " + error.expected + "\n";
  return lines;
}

struct Damage {
  const char* name;
  std::string path;
  Json value;  // null: the member is taken away
  std::string where, found;
};

Json parsed(const char* text) {
  auto json = parse_json(text);
  EXPECT_TRUE(json) << text;
  return json ? *std::move(json) : Json();
}

const std::string kRoute = kHosts + "/0/routes/0";
const std::string kPerRoute = kRoute + "/typed_per_filter_config/envoy.filters.http.ext_proc";
const std::string kConfig = kExtProc + "/typed_config";

// Each opens a way past the gate, and Envoy itself takes most of them.
std::vector<Damage> damages() {
  return {
      {"FailsOpen", kConfig + "/failure_mode_allow", true, "listener watchword", "failure_mode_allow"},
      {"AuthorizationClusterGone", kConfig + "/grpc_service/envoy_grpc/cluster_name", "gone", "listener watchword",
       "'gone'"},
      {"NoHostToAsk", kConfig + "/grpc_service/envoy_grpc/authority", Json(), "listener watchword", "no host"},
      {"NoGrpcService", kConfig + "/grpc_service", Json(), "listener watchword", "by gRPC"},
      {"AnswersDoNotCount", kConfig + "/observability_mode", true, "listener watchword", "observability_mode"},
      {"DenialsDoNotCount", kConfig + "/disable_immediate_response", true, "listener watchword",
       "disable_immediate_response"},
      {"NobodyAsked", kConfig + "/processing_mode/request_header_mode", "SKIP", "listener watchword",
       "nobody is asked"},
      {"LetsGo", kConfig + "/processing_mode/response_trailer_mode", "SKIP", "listener watchword", "lets go"},
      {"LetsGoByDefault", kConfig + "/processing_mode/response_trailer_mode", Json(), "listener watchword", "lets go"},
      {"ShowsResponses", kConfig + "/processing_mode/response_header_mode", Json(), "listener watchword",
       "head of each"},
      {"ShowsTrailers", kConfig + "/processing_mode/request_trailer_mode", "SEND", "listener watchword", "trailers of"},
      {"ShowsBodies", kConfig + "/processing_mode/response_body_mode", "STREAMED", "listener watchword", "bodies"},
      {"HeadersKeptFromTheGate", kConfig + "/forward_rules", parsed("{}"), "listener watchword", "forward_rules"},
      {"TheGatesRemovalsIgnored", kConfig + "/mutation_rules", Json(), "listener watchword", "may stay"},
      {"TheGatesRemovalsFail", kConfig + "/mutation_rules/disallow_all", true, "listener watchword", "disallow_all"},
      {"AnotherRouteAfterwards", kConfig + "/route_cache_action", "CLEAR", "listener watchword", "another route"},
      {"OtherUpgrades", kManager + "/upgrade_configs/0/upgrade_type", "CONNECT", "listener watchword",
       "upgrade_configs"},
      {"UpgradesWithOtherFilters", kManager + "/upgrade_configs/0/filters", parsed("[]"), "listener watchword",
       "upgrade_configs"},
      {"UpgradesOfARoute", kRoute + "/route/upgrade_configs", parsed(R"([{"upgrade_type":"websocket"}])"), "",
       "upgrade_configs"},
      {"MirroredWhereTheClientSays", kRoute + "/route/request_mirror_policies",
       parsed(R"([{"cluster_header":"x-to"}])"), "", "does not fix"},
      {"APrefixLeavesTwoSlashes", kRoute + "/route/prefix_rewrite", "", "", "rewritten to ''"},
      {"PathsRewrittenFreely", kRoute + "/route/regex_rewrite", parsed(R"({"substitution":"/"})"), "", "regex_rewrite"},
      {"HostOfAHeader", kRoute + "/route/host_rewrite_header", "x-to", "route billing-api",
       "chooses the backend's host"},
      {"HostOfAPath", kRoute + "/route/host_rewrite_path_regex", parsed(R"({"substitution":"a"})"), "route billing-api",
       "chooses the backend's host"},
      {"ResourceOfTheClient", kPerRoute + "/overrides/grpc_initial_metadata/0/value", "%REQUESTED_SERVER_NAME%",
       "route billing-api", "which is no name"},
      {"ResourceOfAHeader", kPerRoute + "/overrides/grpc_initial_metadata/0/value", "billing-%REQ(x)%",
       "route billing-api", "which is no name"},
      {"TwoResources", kPerRoute + "/overrides/grpc_initial_metadata",
       parsed(R"([{"key":"watchword-resource","value":"a"},{"key":"Watchword-Resource","value":"b"}])"),
       "route billing-api", "several resources"},
      {"ResourceForAll", kConfig + "/grpc_service/initial_metadata",
       parsed(R"([{"key":"watchword-resource","value":"%REQ(x)%"}])"), "listener watchword", "for all routes"},
      {"ChangedAfterwards", kManager + "/http_filters/2", parsed(kLua), "listener watchword", "the filter lua after"},
      {"ConfigFromElsewhere", kManager + "/http_filters/2", parsed(R"({"name":"any","config_discovery":{}})"),
       "listener watchword", "the filter any after"},
      {"ChangedByTheRouter", kManager + "/http_filters/2/typed_config/upstream_http_filters",
       Json::array().push(parsed(kLua)), "listener watchword", "the filter lua after"},
      {"ChangedByTheCluster",
       kBackend +
           "/typed_extension_protocol_options/envoy.extensions.upstreams.http.v3.HttpProtocolOptions/http_filters",
       Json::array().push(parsed(kLua)), "cluster resource/billing-api", "the filter lua after"},
      {"ForgedTrailers", kManager + "/http_filters/0/typed_config/mutations/request_trailers_mutations",
       parsed(R"([{"remove":"dpop"}])"), "listener watchword", "get through: authorization, "},
      {"ForgedTrailersOfARoute", kRoute + "/typed_per_filter_config/envoy.filters.http.header_mutation",
       parsed(R"({"@type":"type.googleapis.com/envoy.config.route.v3.FilterConfig","disabled":true})"),
       "route billing-api", "header_mutation is switched off"},
      {"MirroredElsewhere", kRoute + "/route/request_mirror_policies", parsed(R"([{"cluster":"elsewhere"}])"), "",
       "'elsewhere'"},
      {"FilterDisabled", kExtProc + "/disabled", true, "listener watchword", "disabled"},
      {"ErrorLooksLikeDenial", kConfig + "/status_on_error", parsed(R"({"code":403})"), "listener watchword", "denial"},
      {"NoFilter", kExtProc, Json(), "listener watchword", "no filter that asks"},
      {"NothingNormalised", kManager + "/normalize_path", false, "listener watchword", "normalize_path"},
      {"SlashesNotMerged", kManager + "/merge_slashes", Json(), "listener watchword", "merge_slashes"},
      {"RemoteAddressBelieved", kManager + "/use_remote_address", Json(), "listener watchword", "use_remote_address"},
      {"SlashesUnescaped", kManager + "/path_with_escaped_slashes_action", "UNESCAPE_AND_FORWARD", "listener watchword",
       "escaped slashes"},
      {"Underscores", kManager + "/common_http_protocol_options/headers_with_underscores_action", "ALLOW",
       "listener watchword", "'_'"},
      {"ForgedHeaders", kManager + "/early_header_mutation_extensions", Json(), "listener watchword", "x-watchword-*"},
      {"RoutesFromElsewhere", kManager + "/route_config", Json(), "listener watchword", "routes that come"},
      {"AuthorizationOff", kPerRoute, parsed(kOff), "route billing-api", "switched off"},
      {"AuthorizationOffWrapped", kPerRoute,
       Json::object({{"@type", "type.googleapis.com/envoy.config.route.v3.FilterConfig"}, {"config", parsed(kOff)}}),
       "route billing-api", "switched off"},
      {"AuthorizationOffWithoutConfig", kPerRoute,
       parsed(R"({"@type":"type.googleapis.com/envoy.config.route.v3.FilterConfig","disabled":true})"),
       "route billing-api", "switched off"},
      {"AuthorizationOffUnseen", kPerRoute,
       parsed(R"({"@type":"type.googleapis.com/xds.type.v3.TypedStruct","value":{"disabled":true}})"),
       "route billing-api", "unknown type"},
      {"NoResource", kPerRoute, Json(), "route billing-api", "which resource"},
      {"EmptyResource", kPerRoute + "/overrides/grpc_initial_metadata/0/value", "", "route billing-api",
       "which resource"},
      {"OtherMetadata", kPerRoute + "/overrides/grpc_initial_metadata/0/key", "resource", "route billing-api",
       "which resource"},
      {"OtherService", kPerRoute + "/overrides/grpc_service", parsed("{}"), "route billing-api", "another ext_proc"},
      {"FailsOpenOnARoute", kPerRoute + "/overrides/failure_mode_allow", true, "route billing-api", "another ext_proc"},
      {"LetsGoOnARoute", kPerRoute + "/overrides/processing_mode", parsed("{}"), "route billing-api",
       "another ext_proc"},
      {"ClientChoosesCluster", kRoute + "/route", parsed(R"({"cluster_header":"x-to"})"), "route billing-api",
       "does not fix"},
      {"OddAction", kRoute + "/route", Json(), "route billing-api", "an action"},
      {"ClusterByHost", kBackend + "/cluster_type", parsed(R"({"name":"envoy.clusters.dynamic_forward_proxy"})"),
       "route billing-api", "may choose"},
      {"ClusterByHeader", kBackend + "/type", "ORIGINAL_DST", "route billing-api", "may choose"},
      {"ClusterGone", kRoute + "/route/cluster", "gone", "route billing-api", "'gone'"},
      {"WeightedOff", kRoute + "/route",
       with(parsed(R"({"weighted_clusters":{"clusters":[{"name":"resource/billing-api"}]}})"),
            "weighted_clusters/clusters/0/typed_per_filter_config/envoy.filters.http.ext_proc", parsed(kOff)),
       "route billing-api", "switched off"},
      {"MatcherInstead", kHosts + "/0/matcher", parsed("{}"), "host billing.test", "matcher"},
      {"AdminReachable", "admin/address", parsed(R"({"socket_address":{"address":"0.0.0.0","port_value":9901}})"),
       "admin", "others reach"},
      {"PlainListener", kListener + "/address", parsed(R"({"socket_address":{"address":"::","port_value":80}})"),
       "listener watchword", "without TLS"},
      {"SecondAddress", kListener + "/additional_addresses",
       parsed(R"([{"address":{"socket_address":{"address":"192.0.2.1","port_value":80}}}])"), "listener watchword",
       "without TLS"},
      {"TcpProxyBesides", kListener + "/default_filter_chain", parsed(R"({"filters":[{"name":"tcp"}]})"),
       "listener watchword", "without HTTP connection manager"},
      {"NoListener", "static_resources/listeners", Json(), "static_resources", "no listener"},
      {"MoreFromElsewhere", "dynamic_resources", parsed("{}"), "dynamic_resources", "elsewhere"},
      {"GateInPlain", kAuthorization + "/load_assignment/endpoints/0/lb_endpoints/0/endpoint/address",
       parsed(R"({"socket_address":{"address":"gate.internal","port_value":9000}})"), "cluster watchword/ext_authz",
       "in plain"},
      {"GateOverHttp1", kAuthorization + "/typed_extension_protocol_options", Json(), "cluster watchword/ext_authz",
       "HTTP/1.1"},
      {"UpstreamUnverified", kBackend + "/transport_socket/typed_config/common_tls_context/validation_context", Json(),
       "cluster resource/billing-api", "not verified"},
      {"Untrusted",
       kBackend + "/transport_socket/typed_config/common_tls_context/validation_context/trust_chain_verification",
       "ACCEPT_UNTRUSTED", "cluster resource/billing-api", "ACCEPT_UNTRUSTED"},
      {"AnyName",
       kBackend + "/transport_socket/typed_config/common_tls_context/validation_context/match_typed_subject_alt_names",
       Json(), "cluster resource/billing-api", "any certificate"},
      {"BothSpellings", kManager + "/normalizePath", false, "", "'normalizePath'"},
  };
}

class ConfigCheck : public ::testing::TestWithParam<Damage> {};

TEST_P(ConfigCheck, Finds) {
  const auto sound = bootstrap_of(kBilling);
  ASSERT_EQ(found_in(sound), "");
  const auto& damage = GetParam();
  const auto lines = found_in(with(sound, damage.path, damage.value));
  EXPECT_NE(lines.find(damage.where), std::string::npos) << lines;
  EXPECT_NE(lines.find(damage.found), std::string::npos) << lines;
}

INSTANTIATE_TEST_SUITE_P(Damages, ConfigCheck, ::testing::ValuesIn(damages()),
                         [](const auto& info) { return info.param.name; });

constexpr const char* kAuthz = R"({"name":"envoy.filters.http.ext_authz","typed_config":{
  "@type":"type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3.ExtAuthz","transport_api_version":"V3",
  "grpc_service":{"envoy_grpc":{"cluster_name":"watchword/ext_authz","authority":"watchword"}},
  "failure_mode_allow":false,"status_on_error":{"code":503}}})";
constexpr const char* kAuthzPerRoute = R"({"envoy.filters.http.ext_authz":{
  "@type":"type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3.ExtAuthzPerRoute",
  "check_settings":{"context_extensions":{"watchword.resource":"billing-api"}}}})";

// The same Envoy, asking by ext_authz.
Json behind_ext_authz() {
  auto json = with(bootstrap_of(kBilling), kExtProc, parsed(kAuthz));
  json = with(json, kRoute + "/typed_per_filter_config", parsed(kAuthzPerRoute));
  return with(json, kManager + "/upgrade_configs", Json());
}

class ExtAuthzCheck : public ::testing::TestWithParam<Damage> {};

TEST_P(ExtAuthzCheck, Finds) {
  const auto sound = behind_ext_authz();
  ASSERT_EQ(found_in(sound), "");
  const auto& damage = GetParam();
  const auto lines = found_in(with(sound, damage.path, damage.value));
  EXPECT_NE(lines.find(damage.where), std::string::npos) << lines;
  EXPECT_NE(lines.find(damage.found), std::string::npos) << lines;
}

std::vector<Damage> ext_authz_damages() {
  const auto settings = kRoute + "/typed_per_filter_config/envoy.filters.http.ext_authz/check_settings";
  return {
      {"FailsOpen", kConfig + "/failure_mode_allow", true, "listener watchword", "failure_mode_allow"},
      {"NoGrpcService", kConfig + "/grpc_service", Json(), "listener watchword", "by gRPC"},
      {"AskedForSomeOnly", kConfig + "/filter_enabled", parsed(R"({"default_value":{"numerator":50}})"),
       "listener watchword", "filter_enabled"},
      {"Shadow", kConfig + "/shadow_mode", true, "listener watchword", "shadow_mode"},
      {"HeadersKeptFromTheGate", kConfig + "/allowed_headers", parsed(R"({"patterns":[{"exact":"authorization"}]})"),
       "listener watchword", "allowed_headers"},
      {"SomeHeadersKeptFromTheGate", kConfig + "/disallowed_headers", parsed(R"({"patterns":[{"exact":"upgrade"}]})"),
       "listener watchword", "disallowed_headers"},
      {"TheGatesRemovalsIgnored", kConfig + "/decoder_header_mutation_rules", parsed(R"({"disallow_all":true})"),
       "listener watchword", "decoder_header_mutation_rules"},
      {"Upgrades", kManager + "/upgrade_configs", parsed(R"([{"upgrade_type":"websocket"}])"), "listener watchword",
       "upgrade_configs"},
      {"OldVersion", kConfig + "/transport_api_version", "V2", "listener watchword", "version"},
      {"ErrorLooksLikeDenial", kConfig + "/status_on_error", Json(), "listener watchword", "denial"},
      {"RoutesAfterwards", kConfig + "/clear_route_cache", true, "listener watchword", "clear_route_cache"},
      {"EmptyResource", settings + "/context_extensions/watchword.resource", "", "route billing-api", "which resource"},
      {"ResourceOfTheClient", settings + "/context_extensions/watchword.resource", "%REQ(x)%", "route billing-api",
       "which is no name"},
      {"OtherService", settings + "/grpc_service", parsed("{}"), "route billing-api", "another service"},
  };
}
INSTANTIATE_TEST_SUITE_P(Damages, ExtAuthzCheck, ::testing::ValuesIn(ext_authz_damages()),
                         [](const auto& info) { return info.param.name; });

TEST(ConfigCheckForms, ReadsCamelCaseAsSnakeCase) {
  const auto sound = bootstrap_of(kBilling);
  const auto camel = with(with(sound, kConfig + "/failure_mode_allow", Json()), kConfig + "/failureModeAllow", true);
  EXPECT_NE(found_in(camel).find("failure_mode_allow"), std::string::npos);
  const auto moved = with(with(sound, kManager + "/normalize_path", Json()), kManager + "/normalizePath", true);
  EXPECT_EQ(found_in(moved), "");
}

// A filter's name is a name, not a field: it is compared as it stands.
TEST(ConfigCheckForms, KeepsTheNamesOfFilters) {
  const auto named = with(bootstrap_of(kBilling), kExtProc + "/name", "ExtProc");
  const auto per_route = *find_at(named, kPerRoute);
  const auto sound = with(with(named, kPerRoute, Json()), kRoute + "/typed_per_filter_config/ExtProc", per_route);
  EXPECT_EQ(found_in(sound), "");
  const auto off = with(sound, kRoute + "/typed_per_filter_config/ExtProc", parsed(kOff));
  EXPECT_NE(found_in(off).find("switched off"), std::string::npos);
}

TEST(ConfigCheckForms, TakesARemovalByAFilterBeforeTheQuestion) {
  const auto sound = bootstrap_of(kBilling);
  const auto list = *find_at(sound, kManager + "/early_header_mutation_extensions/0/typed_config/mutations");
  const auto late = with(sound, kManager + "/early_header_mutation_extensions", Json());
  const auto filter = kManager + "/http_filters/0/typed_config/mutations/request_mutations";
  EXPECT_EQ(found_in(with(late, filter, list)), "");
  const auto buffer =
      parsed(R"({"name":"b","typed_config":{"@type":"a/envoy.extensions.filters.http.buffer.v3.Buffer"}})");
  EXPECT_EQ(found_in(with(sound, kManager + "/http_filters/2", buffer)), "") << "changes nothing";
  EXPECT_NE(found_in(with(late, kManager + "/http_filters/2/typed_config/mutations/request_mutations", list)), "");
}

TEST(ConfigCheckForms, LooksIntoEverySocketOfACluster) {
  const auto sound = bootstrap_of(resources({{"api",
                                              "upstream: {endpoints: ['https://a.internal', 'https://b.internal'], "
                                              "proxy_protocol: v2}, host: a.test"}}));
  ASSERT_EQ(found_in(sound), "");
  const std::string socket = "/transport_socket/typed_config/transport_socket/typed_config/common_tls_context";
  for (const auto& path : {kBackend + socket, kBackend + "/transport_socket_matches/1" + socket})
    EXPECT_NE(found_in(with(sound, path, Json())).find("not verified"), std::string::npos) << path;
  EXPECT_NE(found_in(with(sound, kBackend + "/transport_socket", Json())).find("in plain"), std::string::npos);
}

TEST(ConfigCheckForms, FindsTroubleInAnythingElse) {
  for (const char* text : {"{}", "[]", "1", R"({"static_resources":[]})", R"({"static_resources":{"listeners":[1]}})",
                           R"({"static_resources":{"listeners":[{"filter_chains":[{"filters":[[]]}]}]}})"})
    EXPECT_NE(found_in(parsed(text)), "") << text;
}

}  // namespace
}  // namespace watchword::envoy
