// Which policies are refused, and how well that is said.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <random>

#include "base/file.h"
#include "policy/pattern.h"
#include "policy/policy.h"
#include "policy/policy_test_util.h"

namespace watchword::policy {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Lines 1 to 5: a resource for the roles and deny rules that follow.
const std::string kResource =
    "resources:\n"
    "  api:\n"
    "    http: { upstream: https://api.internal, host: api.gate.acme.dev }\n"
    "    actions: { read: { methods: [GET] }, write: { methods: [POST] } }\n"
    "\n";

std::vector<std::string> errors_of(const std::vector<std::pair<std::string, std::string>>& files) {
  const auto policy = Policy::parse(files);
  std::vector<std::string> out;
  if (policy) return out;
  for (const Error& error : policy.error()) {
    EXPECT_TRUE(error.reason == Reason::policy_invalid || error.reason == Reason::condition_invalid);
    EXPECT_FALSE(error.found.empty());
    EXPECT_FALSE(error.expected.empty()) << error.found;
    out.push_back(error.where + " " + error.found + (error.fix.empty() ? "" : " | " + error.fix));
  }
  return out;
}

struct Bad {
  std::string text;   // after kResource where it begins with "roles" or "deny"
  std::string error;  // place and found, and the fix behind " | "
};

class BadPolicy : public ::testing::TestWithParam<Bad> {};

TEST_P(BadPolicy, IsRefusedWithPlaceAndNearestWord) {
  const std::string& text = GetParam().text;
  const bool needs_resource = text.starts_with("roles") || text.starts_with("deny");
  EXPECT_THAT(errors_of({{"p.yaml", needs_resource ? kResource + text : text}}), ElementsAre(GetParam().error)) << text;
}

std::string resource(const std::string& http, const std::string& actions = "read: { methods: [GET] }") {
  return "resources:\n  api:\n    http: { " + http + " }\n    actions: { " + actions + " }\n";
}
constexpr std::string_view kHttp = "upstream: https://x.internal, host: x.acme.dev";
std::string http_with(const std::string& more) { return resource(std::string(kHttp) + ", " + more); }
std::string actions(const std::string& text) { return resource(std::string(kHttp), text); }

INSTANTIATE_TEST_SUITE_P(
    Shape, BadPolicy,
    ::testing::Values(
        Bad{"role: {}", "p.yaml:1:1 the policy key 'role' | did you mean 'roles'?"}, Bad{"[]", "p.yaml:1:1 a list"},
        Bad{"", "p.yaml:1:1 an empty file"}, Bad{"# nothing\n", "p.yaml:1:1 an empty file"},
        Bad{"resources: []", "p.yaml:1:12 a list"},
        Bad{"resources: { a/b: {} }", "p.yaml:1:14 the resource name 'a/b'"},
        Bad{"resources: { \"*\": {} }", "p.yaml:1:14 the resource name '*'"},
        Bad{"resources:\n  api:\n    actions: { r: { methods: [GET] } }\n", "p.yaml:3:5 no kind of resource"},
        Bad{"resources:\n  api: {}\n", "p.yaml:2:8 no kind of resource"},
        Bad{"resources:\n  api: []\n", "p.yaml:2:8 a list"},
        Bad{"resources:\n  api:\n    htp: {}\n", "p.yaml:3:5 the kind of resource 'htp' | did you mean 'http'?"},
        Bad{"resources:\n  api:\n    tcp: { upstream: \"x:1\" }\n    http: { upstream: https://x, host: x }\n"
            "    actions: { r: { methods: [GET] } }\n",
            "p.yaml:3:5 the resource key 'tcp'"},
        Bad{"resources:\n  api:\n    htpp: {}\n    http: { upstream: https://x, host: x }\n    actions: "
            "{ r: { methods: [GET] } }\n",
            "p.yaml:3:5 the resource key 'htpp' | did you mean 'http'?"}));

INSTANTIATE_TEST_SUITE_P(
    Http, BadPolicy,
    ::testing::Values(
        Bad{resource("host: x.acme.dev"), "p.yaml:3:11 no 'upstream'"},
        Bad{resource("upstream: https://x.internal"), "p.yaml:3:11 neither host nor prefix"},
        Bad{resource("upstream: https://x.internal, host: x, prefix: /x"), "p.yaml:3:11 both host and prefix"},
        Bad{resource("upstream: x.internal, host: x"), "p.yaml:3:23 'x.internal'"},
        Bad{resource("upstream: \"ftp://x.internal\", host: x"), "p.yaml:3:23 'ftp://x.internal'"},
        Bad{resource("upstream: https://x.internal/v1, host: x"),
            "p.yaml:3:23 'https://x.internal/v1' | the request's own path is what is forwarded"},
        Bad{resource("upstream: http://x.internal, host: x, ca: /ca.pem"),
            "p.yaml:3:23 'http://x.internal' with settings for TLS"},
        Bad{resource("upstream: https://x.internal, host: \"*.acme.dev\""), "p.yaml:3:49 the host '*.acme.dev'"},
        Bad{resource("upstream: https://x.internal, host: \"x:8443\""), "p.yaml:3:49 the host 'x:8443'"},
        Bad{resource("upstream: https://x.internal, prefix: /x/"), "p.yaml:3:51 the prefix '/x/'"},
        Bad{resource("upstream: https://x.internal, prefix: /a/../x"), "p.yaml:3:51 the prefix '/a/../x'"},
        Bad{resource("upstream: https://x.internal, prefix: /"), "p.yaml:3:51 the prefix '/'"},
        Bad{http_with("kind: dokcer"), "p.yaml:3:67 'dokcer' | did you mean 'docker'?"},
        Bad{http_with("ambiguous_paths: allowed"), "p.yaml:3:78 'allowed' | did you mean 'allow'?"},
        Bad{resource("upstream: https://x.internal, prefix: /x, ambiguous_paths: allow"),
            "p.yaml:3:72 'ambiguous_paths: allow' with a prefix | a path that can be read in two ways has no prefix "
            "that is certain"},
        Bad{http_with("ca: tls/ca.pem"), "p.yaml:3:65 the relative path 'tls/ca.pem'"},
        Bad{http_with("client_key: k.pem, client_certificate: /c.pem"), "p.yaml:3:73 the relative path 'k.pem'"},
        Bad{http_with("inject: [{ header: x-key, secret: file:secrets/key }]"),
            "p.yaml:3:95 the relative path 'file:secrets/key'"},
        Bad{http_with("client_key: /k.pem"), "p.yaml:3:11 one of client_certificate and client_key"},
        Bad{http_with("timeouts: { conect: 1s }"), "p.yaml:3:73 the timeouts key 'conect' | did you mean 'connect'?"},
        Bad{http_with("timeouts: { idle: 2h }"), "p.yaml:3:79 '2h'"},
        Bad{http_with("timeouts: { stream: 500ms }"), "p.yaml:3:81 '500ms'"},
        Bad{http_with("response: { remove_header: [server] }"),
            "p.yaml:3:73 the response key 'remove_header' | did you mean 'remove_headers'?"},
        Bad{http_with("response: { remove_headers: [Content-Length] }"),
            "p.yaml:3:90 the header 'content-length' | leave it away: the gate sees to what belongs to the connection, "
            "and clients need the rest"},
        Bad{http_with("response: { remove_headers: [server, Server] }"), "p.yaml:3:98 the header 'server' again"},
        Bad{http_with("response: { remove_headers: [\":status\"] }"), "p.yaml:3:90 the header ':status'"},
        Bad{http_with("response: { redact: true }"),
            "p.yaml:3:81 'redact' without 'inject' | leave 'redact' away: only what the gate itself injects is known "
            "to it"},
        Bad{resource(std::string(kHttp) + ", inject: [{ header: x-key, secret: env:X }], response: { redact: true }",
                     "watch: { websocket: [/v1/**] }"),
            "p.yaml:4:14 a websocket action of a resource with 'redact' | what goes through a WebSocket is not looked "
            "at: give it a resource of its own"},
        Bad{http_with("inject: [{ header: authorization, secret: hunter2 }]"),
            "p.yaml:3:103 something that is no secret reference"},
        Bad{http_with("inject: [{ header: authorization, secret: 12345678 }]"),
            "p.yaml:3:103 something that is no secret reference"},
        Bad{http_with("inject: [{ header: Watchword-Assertion, secret: env:X }]"),
            "p.yaml:3:80 the header 'watchword-assertion'"},
        Bad{http_with("inject: [{ header: \"x: y\", secret: env:X }]"), "p.yaml:3:80 the header 'x: y'"},
        Bad{http_with("inject: [{ header: x-key, prefix: \"a\\r\\nb\", secret: env:X }]"),
            "p.yaml:3:70 a prefix with control characters"}));

INSTANTIATE_TEST_SUITE_P(
    Actions, BadPolicy,
    ::testing::Values(
        Bad{resource(std::string(kHttp), ""), "p.yaml:4:14 no actions"},
        Bad{actions("read: { methods: [] }"), "p.yaml:4:33 an empty list"},
        Bad{actions("read: {}"), "p.yaml:4:22 no 'methods'"},
        Bad{actions("read: { paths: [/v1] }"), "p.yaml:4:22 no 'methods'"},
        Bad{actions("read: { methods: [GET], grpc: [a.B/C] }"),
            "p.yaml:4:22 a rule of several forms | write a list of rules"},
        Bad{actions("read: { paths: [/x], websocket: [/y] }"),
            "p.yaml:4:22 a rule of several forms | write a list of rules"},
        Bad{actions("read: { grpc: [a.B/C], websocket: [/y] }"),
            "p.yaml:4:22 a rule of several forms | write a list of rules"},
        Bad{actions("read: { grpc: [] }"), "p.yaml:4:30 an empty list"},
        Bad{actions("read: { grpc: a.B/C }"), "p.yaml:4:30 'a.B/C'"},
        Bad{actions("read: { grpc: [acme.v1.Billing] }"),
            "p.yaml:4:31 'acme.v1.Billing' | did you mean 'acme.v1.Billing/*'?"},
        Bad{actions("read: { grpc: [/a.B/C] }"), "p.yaml:4:31 '/a.B/C' | leave the first '/' out"},
        Bad{actions("read: { grpc: [a.B/**] }"), "p.yaml:4:31 'a.B/**' | one * is enough: a name holds no '/'"},
        Bad{actions("read: { grpc: ['re:a.B/C'] }"), "p.yaml:4:31 're:a.B/C'"},
        Bad{actions("read: { grpc: [a.B/C.D] }"), "p.yaml:4:31 'a.B/C.D'"},
        Bad{actions("read: { gprc: [a.B/C], methods: [GET] }"),
            "p.yaml:4:24 the action key 'gprc' | did you mean 'grpc'?"},
        Bad{actions("read: { websocket: [v1] }"), "p.yaml:4:36 the path 'v1'"},
        Bad{actions("read: { websocket: [/a//b] }"), "p.yaml:4:36 the path '/a//b' (an empty segment at byte 3)"},
        Bad{actions("read: []"), "p.yaml:4:22 an empty list"},
        Bad{actions("read: { methods: [get] }"), "p.yaml:4:34 the method 'get'"},
        Bad{actions("read: { methods: [GTE] }"), "p.yaml:4:34 the method 'GTE' | did you mean 'GET'?"},
        Bad{actions("read: { methods: [CONNECT] }"), "p.yaml:4:34 the method 'CONNECT'"},
        Bad{actions("read: { methods: [GET], paths: [] }"), "p.yaml:4:47 an empty list"},
        Bad{actions("read: { methods: [GET], paths: [v1] }"), "p.yaml:4:48 the path 'v1'"},
        Bad{actions("read: { methods: [GET], paths: ['re:('] }"), "p.yaml:4:48 're:(': missing ): ("},
        Bad{actions("read: { methods: [GET] }, read: { methods: [PUT] }"), "p.yaml:4:42 the key 'read' a second time"},
        Bad{actions("read: { methods: [GET, PUT] }, write: { methods: [PUT], paths: [/a] }"),
            "p.yaml:4:47 the action 'write' after actions that cover all of it | the first action in the "
            "file that covers a "
            "request takes it"},
        Bad{actions("all: { methods: ['*'] }, read: { methods: [GET] }"),
            "p.yaml:4:41 the action 'read' after actions that cover all of it | the first action in the "
            "file that covers a "
            "request takes it"}));

TEST(PolicyLoad, AnActionOfWhichNothingIsLeftIsRefused) {
  for (const std::string& taken : {
           "a: { methods: [POST] }, b: { grpc: [x.Y/Z] }",
           "a: { methods: ['*'], paths: [/**] }, b: { grpc: [x.Y/*, x.Z/*] }",
           "a: { grpc: [x.Y/*] }, b: { grpc: [x.Y/Get*, x.Y/List] }",
           "a: { grpc: ['x.*/*'] }, b: { grpc: ['x.Y/Get?'] }",
           "a: { grpc: [x.Y/*] }, b: { methods: [POST], paths: [/x.Y/Z] }",
           "a: { methods: [GET], paths: [/v1/**] }, b: { methods: [GET], paths: [/v1/x, /v1/x/*] }",
           "a: { methods: [GET], paths: ['re:/v[0-9]/x'] }, b: { methods: [GET], paths: [/v1/x] }",
           "a: { websocket: [/v1/**] }, b: { websocket: [/v1/stream/*] }",
       })
    EXPECT_THAT(errors_of({{"p.yaml", actions(taken)}}),
                ElementsAre("p.yaml:4:" + std::to_string(16 + taken.find("b: {")) +
                            " the action 'b' after actions that cover all of it | the first action in the file that "
                            "covers a request takes it"))
        << taken;
}

TEST(PolicyLoad, AnActionOfWhichSomethingIsLeftLoads) {
  for (const std::string& left : {
           "a: { methods: ['*'] }, b: { websocket: ['/**'] }",
           "a: { websocket: ['/**'] }, b: { methods: [GET] }",
           "a: { methods: [GET] }, b: { grpc: [x.Y/Z] }",
           "a: { grpc: [x.Y/*] }, b: { grpc: [x.Y/*, x.Z/*] }",
           "a: { grpc: [x.Y/Get*] }, b: { grpc: [x.Y/*] }",
           "a: { grpc: [x.Y/Get?] }, b: { grpc: [x.Y/Get*] }",
           "a: { methods: [GET], paths: [/v1/*] }, b: { methods: [GET], paths: [/v1/**] }",
           "a: { methods: [GET], paths: [/v1/*/x] }, b: { methods: [GET], paths: ['/v1/**/x'] }",
           "a: { methods: [GET], paths: [/v1/**] }, b: { methods: [GET], paths: ['re:/v1/x'] }",
           "a: { methods: [GET], paths: ['re:/v1/[*]'] }, b: { methods: [GET], paths: [/v1/*] }",
       })
    EXPECT_THAT(errors_of({{"p.yaml", actions(left)}}), ElementsAre()) << left;
}

// All texts of up to `longest` characters of `letters`, behind a slash.
std::vector<std::string> paths_of(std::string_view letters, std::size_t longest) {
  std::vector<std::string> out{"/"};
  for (std::size_t i = 0; i < out.size(); ++i)
    for (const char letter : letters) {
      auto text = out[i] + letter;
      if (text.size() <= longest + 1 && !text.contains("//")) out.push_back(std::move(text));
    }
  return out;
}

TEST(PolicyLoad, AnActionIsRefusedOnlyWhereAnEarlierOneTakesAllOfIt) {
  const auto globs = paths_of("a/*?", 3), paths = paths_of("/ab", 5);
  std::mt19937 random(1);
  int refused = 0;
  for (int i = 0; i < 1500; ++i) {
    const auto &wide = globs[random() % globs.size()], &narrow = globs[random() % globs.size()];
    const auto both = "x: { websocket: ['" + wide + "'] }, y: { websocket: ['" + narrow + "'] }";
    if (errors_of({{"p.yaml", actions(both)}}).empty()) continue;
    ++refused;
    const auto first = *Pattern::parse(wide), second = *Pattern::parse(narrow);
    for (const auto& path : paths)
      ASSERT_TRUE(first.matches(path) || !second.matches(path)) << wide << " leaves " << path << " to " << narrow;
  }
  EXPECT_GT(refused, 50);
}

std::string tcp(const std::string& fields, const std::string& rest = "", const std::string& name = "db") {
  return "resources:\n  " + name + ":\n    tcp: { " + fields + " }\n" + rest;
}

INSTANTIATE_TEST_SUITE_P(
    Tcp, BadPolicy,
    ::testing::Values(Bad{tcp("timeouts: { idle: 1m }"), "p.yaml:3:10 no 'upstream'"},
                      Bad{tcp("upstream: db.internal"), "p.yaml:3:22 'db.internal'"},
                      Bad{tcp("upstream: \"db.internal:\""), "p.yaml:3:22 'db.internal:'"},
                      Bad{tcp("upstream: \"db.internal:65536\""), "p.yaml:3:22 'db.internal:65536'"},
                      Bad{tcp("upstream: \"tcp://db.internal:1\""), "p.yaml:3:22 'tcp://db.internal:1'"},
                      Bad{tcp("upstream: 5432"), "p.yaml:3:22 '5432' | put quotes around it"},
                      Bad{tcp("upstrem: \"db:1\", upstream: \"db:1\""),
                          "p.yaml:3:12 the tcp key 'upstrem' | did you mean 'upstream'?"},
                      Bad{tcp("upstream: \"db:1\", timeouts: { response: 1s }"),
                          "p.yaml:3:42 the timeouts key 'response'"},
                      Bad{tcp("upstream: \"db:1\", timeouts: { idle: 25h }"), "p.yaml:3:48 '25h'"},
                      Bad{tcp("upstream: \"db:1\", timeouts: { stream: 25h }"), "p.yaml:3:50 '25h'"},
                      Bad{tcp("upstream: \"db:1\"", "    actions: { connect: { methods: [GET] } }\n"),
                          "p.yaml:4:14 'actions' of a tcp resource"},
                      Bad{tcp("upstream: \"db:1\"", "", "Orders"),
                          "p.yaml:3:5 the name 'Orders' of a tcp resource | clients connect to NAME:PORT"}));

std::string role(const std::string& granted_to, const std::string& allow = "[api/read]", const std::string& more = "") {
  return "roles:\n  r:\n    granted_to: " + granted_to + "\n    allow: " + allow + "\n" + more;
}
std::string bound(const std::string& claims) { return role("[{ job: { " + claims + " } }]"); }
std::string allowing(const std::string& allow, const std::string& more = "") {
  return role("[{ job: { issuer: gitlab, ref: main } }]", allow, more);
}

INSTANTIATE_TEST_SUITE_P(
    Bindings, BadPolicy,
    ::testing::Values(Bad{role("[]"), "p.yaml:8:17 an empty list"}, Bad{role("{}"), "p.yaml:8:17 an object"},
                      Bad{role("[{}]"), "p.yaml:8:18 0 keys"},
                      Bad{role("[{ jobs: {} }]"), "p.yaml:8:20 the kind of principal 'jobs' | did you mean 'job'?"},
                      Bad{role("[{ job: { issuer: g, a: b }, person: { issuer: g, a: b } }]"), "p.yaml:8:18 2 keys"},
                      Bad{"roles:\n  r:\n    allow: [api/read]\n", "p.yaml:8:5 no 'granted_to'"},
                      Bad{bound("project_path: acme/billing"), "p.yaml:8:25 a binding without an issuer"},
                      Bad{bound("issuer: gitlab"),
                          "p.yaml:8:25 a binding without any claim | name the project: everyone who can run a job at "
                          "the issuer would hold "
                          "the role"},
                      Bad{bound("issuer: gitlab, forks: true"),
                          "p.yaml:8:25 a binding without any claim | name the project: everyone who can run a job at "
                          "the issuer would hold "
                          "the role"},
                      Bad{bound("issuer: gitlab, ref: []"), "p.yaml:8:48 an empty list"},
                      Bad{bound("issuer: gitlab, ref: "), "p.yaml:8:49 nothing"},
                      Bad{bound("issuer: gitlab, ref: 1.5"), "p.yaml:8:48 a number | put quotes around it"},
                      Bad{bound("issuer: gitlab, ref: {}"), "p.yaml:8:48 an object"},
                      Bad{bound("issuer: gitlab, ref: ''"), "p.yaml:8:48 an empty pattern"},
                      Bad{bound("issuer: gitlab, ref: 're:['"), "p.yaml:8:48 're:[': missing ]: ["},
                      Bad{bound("issuer: gitlab, project_id: 007"),
                          "p.yaml:8:55 '007' | put quotes around it if the claim is a string"},
                      Bad{bound("issuer: gitlab, ref_protected: True"), "p.yaml:8:58 'True' | write true"},
                      Bad{bound("issuer: gitlab, forks: sometimes, ref: main"), "p.yaml:8:50 'sometimes'"},
                      Bad{role("[{ person: { issuer: okta, forks: true, sub: x } }]"), "p.yaml:8:44 'forks'"}));

INSTANTIATE_TEST_SUITE_P(
    Allow, BadPolicy,
    ::testing::Values(
        Bad{allowing("[]"), "p.yaml:9:12 an empty list"}, Bad{allowing("[api]"), "p.yaml:9:13 'api'"},
        Bad{allowing("[api/]"), "p.yaml:9:13 'api/'"}, Bad{allowing("['*/read']"), "p.yaml:9:13 '*/read'"},
        Bad{allowing("[api/r*]"), "p.yaml:9:13 'api/r*'"}, Bad{allowing("[api/read/x]"), "p.yaml:9:13 'api/read/x'"},
        Bad{allowing("[ap/read]"), "p.yaml:9:13 the resource 'ap' | did you mean 'api'?"},
        Bad{allowing("[api/raed]"), "p.yaml:9:13 the action 'raed' | did you mean 'read'?"},
        Bad{allowing("[api/read, api/read]"), "p.yaml:9:23 'api/read' again"},
        Bad{allowing("[api/*, { permission: api/write, when: 'true' }]"), "p.yaml:9:20 'api/write' again"},
        Bad{allowing("[{ permission: api/write, when: 'true' }, api/*]"), "p.yaml:9:13 'api/write' again"},
        Bad{allowing("[{ when: 'true' }]"), "p.yaml:9:13 no 'permission'"},
        Bad{allowing("[{ permission: api/read, wehn: 'true' }]"),
            "p.yaml:9:37 the allow key 'wehn' | did you mean 'when'?"},
        Bad{allowing("[{ permission: api/read, approval: { from: group x } }]"),
            "p.yaml:9:47 'approval' | approvals are not served yet: leave this permission out until they are"},
        Bad{allowing("[api/read]", "    session: { ttl: 0s }\n"), "p.yaml:10:21 '0s'"},
        Bad{allowing("[api/read]", "    session: { ttl: 25h }\n"), "p.yaml:10:21 '25h'"},
        Bad{allowing("[api/read]", "    session: { exchanges: one }\n"), "p.yaml:10:27 'one' | did you mean 'once'?"},
        Bad{allowing("[api/read]", "    session: { proof: mtls }\n"), "p.yaml:10:23 'mtls'"},
        Bad{allowing("[api/read]", "    session: { ends_with_job: no }\n"), "p.yaml:10:31 'no' | write false"}));

std::string limited(const std::string& limits) {
  return allowing("[api/read]", "    session: { limits: { " + limits + " } }\n");
}

INSTANTIATE_TEST_SUITE_P(
    Limits, BadPolicy,
    ::testing::Values(
        Bad{limited(""), "p.yaml:10:24 'limits' without a limit"},
        Bad{allowing("[api/read]", "    session: { limits: 100/s }\n"), "p.yaml:10:24 '100/s'"},
        Bad{limited("rates: 100/s"), "p.yaml:10:26 the limits key 'rates' | did you mean 'rate'?"},
        Bad{limited("rate: 100"), "p.yaml:10:32 '100'"}, Bad{limited("rate: 0/s"), "p.yaml:10:32 '0/s'"},
        Bad{limited("rate: 1.5/s"), "p.yaml:10:32 '1.5/s'"},
        Bad{limited("rate: 1000001/s"), "p.yaml:10:32 '1000001/s'"},
        Bad{limited("rate: 100/sec"), "p.yaml:10:32 '100/sec' | did you mean '100/s'?"},
        Bad{limited("rate: 100/Min"), "p.yaml:10:32 '100/Min' | did you mean '100/m'?"},
        Bad{limited("rate: 100/h"), "p.yaml:10:32 '100/h'"}, Bad{limited("rate: [100/s]"), "p.yaml:10:32 a list"},
        Bad{limited("concurrent: 0"), "p.yaml:10:38 '0'"}, Bad{limited("concurrent: many"), "p.yaml:10:38 'many'"},
        Bad{limited("bytes: 1000"), "p.yaml:10:33 '1000' | did you mean '1000B'?"},
        Bad{limited("bytes: 10gb"), "p.yaml:10:33 '10gb' | did you mean '10GB'?"},
        Bad{limited("bytes: 10G"), "p.yaml:10:33 '10G' | did you mean '10GB'?"},
        Bad{limited("bytes: 10 GB"), "p.yaml:10:33 '10 GB'"}, Bad{limited("bytes: 0B"), "p.yaml:10:33 '0B'"},
        Bad{limited("bytes: 1.5GB"), "p.yaml:10:33 '1.5GB'"}, Bad{limited("bytes: -1GB"), "p.yaml:10:33 '-1GB'"},
        Bad{limited("bytes: 1048577GiB"), "p.yaml:10:33 '1048577GiB'"},
        Bad{limited("bytes: {}"), "p.yaml:10:33 an object"}));

INSTANTIATE_TEST_SUITE_P(
    Deny, BadPolicy,
    ::testing::Values(Bad{"deny: []", "p.yaml:6:7 an empty list"},
                      Bad{"deny: [{ why: x }]", "p.yaml:6:8 no 'permission'"},
                      Bad{"deny: [{ permission: '*' }]", "p.yaml:6:22 '*' | write \"*/*\" for everything"},
                      Bad{"deny: [{ permission: api }]", "p.yaml:6:22 'api'"},
                      Bad{"deny: [{ permission: [] }]", "p.yaml:6:22 an empty list"},
                      Bad{"deny: [{ permission: '*/wirte' }]",
                          "p.yaml:6:22 '*/wirte', which is no action of any resource"},
                      Bad{"deny: [{ permission: api/wirte }]",
                          "p.yaml:6:22 'api/wirte', which is no action of any resource | did you mean 'api/write'?"},
                      Bad{"deny: [{ permission: re:.* }]", "p.yaml:6:22 're:.*'"},
                      Bad{"deny: [{ permission: api/*, to: {} }]", "p.yaml:6:33 0 keys"},
                      Bad{"deny: [{ permission: api/*, to: [] }]", "p.yaml:6:33 an empty list"},
                      Bad{"deny: [{ permission: api/*, to: { job: {} } }]",
                          "p.yaml:6:40 an empty matcher | leave 'to' out if the rule is for everyone"},
                      Bad{"deny: [{ permission: api/*, to: { job: { forks: true } } }]", "p.yaml:6:42 'forks'"},
                      Bad{"deny: [{ permission: api/*, unles: 'true' }]",
                          "p.yaml:6:29 the deny key 'unles' | did you mean 'unless'?"}));

TEST(PolicyLoad, GivesAConditionsErrorWhereItStandsInTheFile) {
  const auto errors = errors_of({{"p.yaml", kResource + allowing("[{ permission: api/read, when: job.ref == }]")}});
  ASSERT_EQ(errors.size(), 1U);
  EXPECT_THAT(errors[0], HasSubstr("p.yaml:9:"));
}

// Every block of docs/policy.md that shows a part of a policy.
TEST(PolicyLoad, TheManualsExamplesLoad) {
  const auto manual = read_file(WATCHWORD_SOURCE_DIR "/docs/policy.md");
  ASSERT_TRUE(manual);
  std::vector<std::pair<std::string, std::string>> files;
  for (std::size_t at = 0; (at = manual->find("```yaml\n", at)) != std::string::npos;) {
    at += 8;
    const std::string block = manual->substr(at, manual->find("```", at) - at);
    if (!block.starts_with("base:")) files.emplace_back(std::to_string(files.size()), block);
  }
  EXPECT_EQ(files.size(), 10U);
  EXPECT_THAT(errors_of(files), ElementsAre());
}

TEST(PolicyLoad, GivesAllErrorsOfAllFiles) {
  const auto errors =
      errors_of({{"b.yaml", "roles: { r: { alow: [a/b] } }"}, {"a.yaml", "x: &y 1"}, {"c.yaml", "resources: 7"}});
  EXPECT_THAT(errors, ElementsAre(HasSubstr("a.yaml:1:4"), HasSubstr("b.yaml:1:15"), HasSubstr("b.yaml:1:13"),
                                  HasSubstr("b.yaml:1:13"), HasSubstr("c.yaml:1:12")));
}

TEST(PolicyLoad, NamesAreUniqueOverAllFilesAndTheErrorNamesTheOtherPlace) {
  const std::string other =
      "resources:\n  %: { http: { upstream: https://b, host: # }, actions: { r: { methods: [GET] } } }\n";
  const auto second = [&](std::string name, std::string host) {
    std::string text = other;
    text.replace(text.find('%'), 1, name);
    text.replace(text.find('#'), 1, host);
    const auto policy = Policy::parse({{"a.yaml", kResource}, {"b.yaml", text}});
    return policy ? std::string("loads")
                  : policy.error()[0].where + " " + policy.error()[0].found + ": " + policy.error()[0].expected;
  };
  EXPECT_EQ(second("api", "b.acme.dev"),
            "b.yaml:2:3 the resource 'api' a second time: each resource once; it stands at a.yaml:2:3 already");
  EXPECT_EQ(second("b", "API.gate.acme.dev"),
            "b.yaml:2:3 the host 'api.gate.acme.dev' a second time: each host once; it stands at a.yaml:2:3 already");
  EXPECT_EQ(second("b", "b.acme.dev"), "loads");
  const std::string role_text = allowing("[api/read]");
  EXPECT_THAT(errors_of({{"a.yaml", kResource + role_text}, {"b.yaml", role_text}}),
              ElementsAre("b.yaml:2:3 the role 'r' a second time"));
}

TEST(PolicyLoad, RolesMayNameResourcesOfLaterFiles) {
  EXPECT_THAT(errors_of({{"a.yaml", allowing("[api/read]")}, {"b.yaml", kResource}}), ElementsAre());
}

TEST(PolicyLoad, DigestCoversNamesAndContentsWhateverTheOrder) {
  const auto digest = [](const std::vector<std::pair<std::string, std::string>>& files) {
    return (*Policy::parse(files))->digest();
  };
  const std::string empty = "{}";
  EXPECT_EQ(digest({{"a", empty}, {"b", kResource}}), digest({{"b", kResource}, {"a", empty}}));
  EXPECT_NE(digest({{"a", empty}, {"b", kResource}}), digest({{"a", kResource}, {"b", empty}}));
  EXPECT_NE(digest({{"a", empty}}), digest({{"b", empty}}));
  EXPECT_NE(digest({{"a", "{}"}}), digest({{"a", "{} "}}));
  // sha256 of 8 bytes of length 1, "a", 8 bytes of length 2, "{}": computed apart with Python's hashlib.
  EXPECT_EQ(digest({{"a", empty}}), "sha256:d633173fce63d04612ce3309b0d0df27f6b91f486b522f778b3f4b6690d6ef7b");
}

class PolicyDirectory : public ::testing::Test {
 protected:
  PolicyDirectory() : path_(::testing::TempDir() + "ww-policy-" + std::to_string(::getpid()) + "/policy") {
    EXPECT_TRUE(make_directories(path_));
  }
  ~PolicyDirectory() override {
    for (const std::string& name : *list_directory(path_)) EXPECT_EQ(std::remove((path_ + "/" + name).c_str()), 0);
    ::rmdir(path_.c_str());
    ::rmdir(path_.substr(0, path_.rfind('/')).c_str());
  }
  void write(const std::string& name, const std::string& text) {
    EXPECT_TRUE(write_file_atomically(path_ + "/" + name, text));
  }
  std::string path_;
};

TEST_F(PolicyDirectory, IsReadWithoutTestsHiddenFilesAndOthers) {
  write("b.yaml", allowing("[api/read]"));
  write("a.yml", kResource);
  for (const std::string name : {".b.yaml.swp", ".hidden.yaml", "a.test.yaml", "notes.txt", "b.yaml~"})
    write(name, "not: [policy");
  const auto policy = Policy::load(path_ + "/");
  ASSERT_TRUE(policy) << to_string(policy.error()[0]);
  EXPECT_EQ((*policy)->rule_count(), 2U);
  EXPECT_EQ(testing::shown(testing::ask(**policy, testing::job(), "api", "read")), "allow r policy/b.yaml:4");
}

TEST_F(PolicyDirectory, ErrorsNameTheFileAsItWasReached) {
  write("a.yaml", "role: {}");
  const auto policy = Policy::load(path_);
  ASSERT_FALSE(policy);
  EXPECT_EQ(policy.error()[0].where, path_ + "/a.yaml:1:1");
}

TEST_F(PolicyDirectory, WithoutPolicyFilesIsAnErrorAndNotAnEmptyPolicy) {
  write("a.test.yaml", "tests: []");
  ASSERT_FALSE(Policy::load(path_));
  EXPECT_EQ(Policy::load(path_).error()[0].reason, Reason::policy_invalid);
  ASSERT_FALSE(Policy::load(path_ + "/absent"));
  EXPECT_EQ(Policy::load(path_ + "/absent").error()[0].reason, Reason::file_unreadable);
}

}  // namespace
}  // namespace watchword::policy
