#include "issuer/key_fetch.h"

#include <gmock/gmock.h>

#include "issuer/issuer_test_util.h"

namespace watchword::issuer {
namespace {

using ::testing::HasSubstr;

KeySourceConfig gitlab() {
  KeySourceConfig config;
  config.issuer_name = "gitlab";
  config.issuer_url = testing::kIssuerUrl;
  return config;
}

http::FetchReply reply(int status, std::string type, std::string body) {
  return {.status = status, .content_type = std::move(type), .max_age = std::nullopt, .body = std::move(body)};
}

std::string many_keys(int count) {
  Json keys = Json::array();
  for (int i = 0; i < count; ++i)
    keys.push(jose::to_json(test_issuer().key.public_key(), "key-" + std::to_string(i), crypto::Algorithm::eddsa));
  return Json::object({{"keys", keys}}).dump();
}

TEST(Discovery, AsksBelowTheIssuersPathAndDoublesNoSlash) {
  const std::pair<const char*, const char*> table[] = {
      {"https://gitlab.example.com", "https://gitlab.example.com/.well-known/openid-configuration"},
      {"https://acme.eu.auth0.example/", "https://acme.eu.auth0.example/.well-known/openid-configuration"},
      {"https://acme.okta.example/oauth2/aus1",
       "https://acme.okta.example/oauth2/aus1/.well-known/openid-configuration"},
      {"https://id.example.com/t/v2.0/", "https://id.example.com/t/v2.0/.well-known/openid-configuration"},
      {"https://gitlab.example.com:8443/git", "https://gitlab.example.com:8443/git/.well-known/openid-configuration"},
  };
  for (const auto& [issuer, url] : table) EXPECT_EQ(discovery_url(issuer), url);
}

TEST(Discovery, LeadsToTheKeys) {
  FakeNetwork network;
  network.publish(test_issuer().jwks());
  network.set(kKeys, {.status = 200,
                      .content_type = "application/jwk-set+json",
                      .max_age = std::chrono::seconds(86400),
                      .body = test_issuer().jwks()});
  const auto fetched = fetch_keys(gitlab(), network);
  ASSERT_TRUE(fetched.has_value()) << to_string(fetched.error());
  EXPECT_NE(fetched->keys.find("key-1"), nullptr);
  EXPECT_EQ(fetched->max_age, std::chrono::seconds(86400));
}

TEST(Discovery, RefusesWhateverIsNotTheIssuersOwnDocument) {
  struct Case {
    const char* name;
    http::FetchReply discovery;
    const char *reason, *found;
  };
  const auto json = [](std::string body) { return reply(200, "application/json", std::move(body)); };
  const std::string keys = R"(, "jwks_uri": "https://gitlab.example.com/oauth/discovery/keys"})";
  const std::string self = R"({"issuer": "https://gitlab.example.com")";
  const Case table[] = {
      {"another name", json(R"({"issuer": "https://evil.example.com")" + keys), "issuer_mismatch",
       "https://evil.example.com"},
      {"a slash more", json(R"({"issuer": "https://gitlab.example.com/")" + keys), "issuer_mismatch", ".com/"},
      {"another case", json(R"({"issuer": "https://GitLab.example.com")" + keys), "issuer_mismatch", "GitLab"},
      {"no name", json(R"({"x": 1)" + keys), "issuer_unavailable", "'issuer'"},
      {"a name that is no string", json(R"({"issuer": ["https://gitlab.example.com"])" + keys), "issuer_unavailable",
       "'issuer'"},
      {"two names", json(R"({"issuer": "https://evil.example.com", "issuer": "https://gitlab.example.com")" + keys),
       "issuer_unavailable", "application/json"},
      {"no keys", json(self + "}"), "issuer_unavailable", "'jwks_uri'"},
      {"keys without TLS", json(self + R"(, "jwks_uri": "http://gitlab.example.com/keys"})"), "issuer_unavailable",
       "TLS"},
      {"keys on loopback", json(self + R"(, "jwks_uri": "http://127.0.0.1/keys"})"), "issuer_unavailable", "TLS"},
      {"keys in a file", json(self + R"(, "jwks_uri": "file:///etc/passwd"})"), "issuer_unavailable", "jwks_uri"},
      {"keys behind user info", json(self + R"(, "jwks_uri": "https://gitlab.example.com@evil.example.com/"})"),
       "issuer_unavailable", "user info"},
      {"HTML with 200", reply(200, "text/html", "<!doctype html><title>Sign in</title>"), "issuer_unavailable",
       "text/html"},
      {"nothing with 200", reply(200, "", ""), "issuer_unavailable", "without content type"},
      {"a list", json("[]"), "issuer_unavailable", "'issuer'"},
      {"a redirect", reply(302, "text/html", ""), "issuer_unavailable", "302 (redirects are not followed)"},
      {"not found", reply(404, "application/json", "{}"), "issuer_unavailable", "404"},
      {"down", reply(503, "text/plain", "down"), "issuer_unavailable", "503"},
      {"deep", json(std::string(100'000, '[')), "issuer_unavailable", "application/json"},
  };
  for (const Case& c : table) {
    FakeNetwork network;
    network.publish(test_issuer().jwks());
    network.set(kDiscovery, c.discovery);
    const auto fetched = fetch_keys(gitlab(), network);
    EXPECT_EQ(outcome(fetched), c.reason) << c.name;
    if (!fetched) EXPECT_THAT(fetched.error().found, HasSubstr(c.found)) << c.name;
    if (!fetched) EXPECT_EQ(fetched.error().where, kDiscovery) << c.name;
    EXPECT_EQ(network.asked(kKeys), 0) << c.name;
  }
}

TEST(KeyFetch, RefusesKeySetsThatCannotBeTrusted) {
  struct Case {
    const char* name;
    http::FetchReply keys;
    const char *reason, *found;
  };
  const Case table[] = {
      {"HTML with 200", reply(200, "text/html", "<html>"), "key_set_invalid", "text/html"},
      {"10,000 keys", reply(200, "application/json", many_keys(10'000)), "key_set_invalid", "bytes"},
      {"101 keys", reply(200, "application/json", many_keys(101)), "key_set_invalid", "101 keys"},
      {"an object without keys", reply(200, "application/json", "{}"), "key_set_invalid", "without 'keys'"},
      {"a redirect", reply(301, "", ""), "issuer_unavailable", "301"},
      {"an error", reply(500, "text/plain", "oops"), "issuer_unavailable", "500"},
  };
  for (const Case& c : table) {
    FakeNetwork network;
    network.publish("");
    network.set(kKeys, c.keys);
    const auto fetched = fetch_keys(gitlab(), network);
    EXPECT_EQ(outcome(fetched), c.reason) << c.name;
    if (!fetched) EXPECT_EQ(fetched.error().where, kKeys) << c.name;
    if (!fetched) EXPECT_THAT(fetched.error().found, HasSubstr(c.found)) << c.name;
  }
}

TEST(KeyFetch, AHangingIssuerIsUnavailable) {
  FakeNetwork nobody;
  EXPECT_EQ(outcome(fetch_keys(gitlab(), nobody)), "issuer_unavailable");
}

TEST(KeyFetch, AKeySetUriSkipsDiscovery) {
  FakeNetwork network;
  network.set_json("https://keys.example.com/jwks", test_issuer().jwks());
  KeySourceConfig config = gitlab();
  config.jwks_uri = "https://keys.example.com/jwks";
  EXPECT_EQ(outcome(fetch_keys(config, network)), "ok");
  EXPECT_EQ(network.asked(kDiscovery), 0);
}

TEST(KeyFetch, LoopbackWithoutTlsOnlyByChoice) {
  KeySourceConfig config = gitlab();
  const std::pair<const char*, bool> table[] = {
      {"http://127.0.0.1:8080", true},         {"http://localhost/gitlab", true}, {"http://[::1]:1", true},
      {"http://127.0.0.1.example.com", false}, {"http://10.0.0.1", false},        {"http://gitlab.example.com", false}};
  for (const auto& [url, allowed] : table) {
    config.issuer_url = url;
    config.fetch.allow_loopback_http = false;
    EXPECT_EQ(outcome(check(config)), "config_invalid") << url;
    config.fetch.allow_loopback_http = true;
    EXPECT_EQ(outcome(check(config)), allowed ? "ok" : "config_invalid") << url;
  }
}

TEST(KeySourceConfig, MustNameOneSourceThatCanWork) {
  const auto changed = [](const std::function<void(KeySourceConfig&)>& change) {
    KeySourceConfig config = gitlab();
    change(config);
    return outcome(check(config));
  };
  EXPECT_EQ(outcome(check(gitlab())), "ok");
  EXPECT_EQ(changed([](auto& c) { c.issuer_url = "gitlab.example.com"; }), "config_invalid");
  EXPECT_EQ(changed([](auto& c) { c.issuer_url = "https://gitlab.example.com?x=1"; }), "config_invalid");
  EXPECT_EQ(changed([](auto& c) { c.issuer_url = "https://gitlab.example.com?"; }), "config_invalid");
  EXPECT_EQ(changed([](auto& c) { c.issuer_url = "https://gitlab.example.com#x"; }), "config_invalid");
  EXPECT_EQ(changed([](auto& c) { c.jwks_uri = "http://gitlab.example.com/keys"; }), "config_invalid");
  EXPECT_EQ(changed([](auto& c) { c.jwks_file = "/k", c.jwks_inline = "{}"; }), "config_invalid");
  EXPECT_EQ(changed([](auto& c) { c.jwks_file = "/k", c.issuer_url = "kubernetes/serviceaccount"; }), "ok");
  EXPECT_EQ(changed([](auto& c) { c.refresh = Duration::zero(); }), "config_invalid");
  EXPECT_EQ(changed([](auto& c) { c.keep_during_outage = -std::chrono::hours(1); }), "config_invalid");
  EXPECT_EQ(changed([](auto& c) { c.refetch_interval = Duration::zero(); }), "config_invalid");
}

}  // namespace
}  // namespace watchword::issuer
