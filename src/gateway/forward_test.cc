// What crosses the proxy: no credential of the job, no forged identity, no hop-by-hop header.
#include "gateway/forward.h"

#include <gmock/gmock.h>

#include <memory>

#include "net/loop.h"

namespace watchword::gateway {
namespace {

using ::testing::IsEmpty;
using ::testing::IsNull;
using ::testing::NotNull;

const net::Peer kPeer{"192.0.2.7", 4242, std::nullopt, false};

Route route_with(std::vector<std::pair<std::string, std::string>> injected) {
  Route route;
  route.origin = {"https", {"billing.internal", 443, {}}, "billing.internal"};
  for (auto& [name, value] : injected) route.inject.push_back({name, Secret(std::move(value))});
  return route;
}

http::RequestHead request_with(http::Headers headers) {
  return {"GET", "https", "billing.gate.example.com", "/v1/invoices?page=2", std::move(headers)};
}

http::RequestHead forwarded(http::Headers headers, const Route& route) {
  Introduction introduction{"the.assertion.jwt", "00-11111111111111111111111111111111-2222222222222222-01",
                            "request-1"};
  return to_upstream(request_with(std::move(headers)), kPeer, "/v1/invoices?page=2", route, introduction);
}

TEST(Forward, TheJobsCredentialNeverReachesTheBackend) {
  auto head = forwarded(
      {{"authorization", "Bearer secret"}, {"dpop", "proof"}, {"proxy-authorization", "Basic secret"}}, route_with({}));
  for (auto name : {"authorization", "dpop", "proxy-authorization"})
    EXPECT_THAT(head.headers.find(name), IsNull()) << name;
}

TEST(Forward, NoClientTellsTheBackendWhoItIs) {
  for (std::string name : {"watchword-assertion",
                           "x-watchword-job",
                           "x_watchword_job",
                           "watchword_assertion",
                           "x-forwarded-user",
                           "x-forwarded-for",
                           "x-forwarded-client-cert",
                           "forwarded",
                           "x-remote-user",
                           "x-remote-group",
                           "remote-user",
                           "impersonate-user",
                           "impersonate-group",
                           "x-auth-request-email",
                           "cf-access-jwt-assertion",
                           "x-goog-iap-jwt-assertion",
                           "ssl-client-verify",
                           "x-ssl-client-cert",
                           "x-webauth-user",
                           "x-original-url",
                           "x-rewrite-url",
                           "x-http-method-override",
                           "x-real-ip",
                           "x-user",
                           "x-scope-orgid",
                           "proxy",
                           "client-cert",
                           "client-cert-chain",
                           "x-tls-client-cert",
                           "x-amzn-mtls-clientcert",
                           "x-method-override",
                           "x-original-method",
                           "x-original-uri",
                           "x-envoy-original-path",
                           "x-auth-user",
                           "x-authenticated",
                           "x-authentik-username",
                           "x-user-email",
                           "x-id-token",
                           "x-access-token",
                           "oidc-claim-sub",
                           "true-client-ip",
                           "cf-connecting-ip",
                           "tracestate",
                           "x-request-id",
                           "traceparent"}) {
    auto head = forwarded({{name, "forged"}}, route_with({}));
    for (const auto& header : head.headers) EXPECT_NE(header.value, "forged") << name;
  }
}

TEST(Forward, TheGateTellsTheBackendWhoCalls) {
  auto head = forwarded({{"accept", "*/*"}}, route_with({{"x-api-key", "of the gate"}}));
  EXPECT_EQ(head.authority, "billing.internal");
  EXPECT_EQ(head.target, "/v1/invoices?page=2");
  const std::pair<const char*, const char*> expected[] = {{"accept", "*/*"},
                                                          {"watchword-assertion", "the.assertion.jwt"},
                                                          {"x-forwarded-for", "192.0.2.7"},
                                                          {"x-forwarded-host", "billing.gate.example.com"},
                                                          {"x-forwarded-proto", "https"},
                                                          {"x-request-id", "request-1"},
                                                          {"x-api-key", "of the gate"}};
  for (const auto& [name, value] : expected) {
    ASSERT_THAT(head.headers.find(name), NotNull()) << name;
    EXPECT_EQ(*head.headers.find(name), value) << name;
  }
}

TEST(Forward, AnInjectedCredentialReplacesTheClientsOwn) {
  auto head = forwarded({{"x-api-key", "of the job"}}, route_with({{"x-api-key", "of the gate"}}));
  EXPECT_EQ(head.headers.count("x-api-key"), 1u);
  EXPECT_EQ(*head.headers.find("x-api-key"), "of the gate");
}

TEST(Forward, ConnectionNamesHeadersOfThisHopOnlyAndNeverTheGates) {
  auto head = forwarded({{"connection", "close, X-Secret-Hop, Watchword-Assertion"},
                         {"x-secret-hop", "1"},
                         {"te", "trailers"},
                         {"upgrade", "h2c"}},
                        route_with({}));
  for (auto name : {"connection", "x-secret-hop", "te", "upgrade"})
    EXPECT_THAT(head.headers.find(name), IsNull()) << name;
  EXPECT_THAT(head.headers.find("watchword-assertion"), NotNull());
}

TEST(Forward, ResponsesLoseWhatBelongsToTheBackendsConnection) {
  auto head = to_client({200,
                         {{"connection", "keep-alive, x-hop"},
                          {"keep-alive", "timeout=5"},
                          {"x-hop", "1"},
                          {"content-type", "text/plain"}}},
                        route_with({}));
  for (auto name : {"connection", "keep-alive", "x-hop"}) EXPECT_THAT(head.headers.find(name), IsNull()) << name;
  EXPECT_THAT(head.headers.find("content-type"), NotNull());
}

TEST(Forward, AnswersLoseWhatTheResourceRemoves) {
  auto route = route_with({});
  route.remove = {"server", "x-powered-by"};
  const auto head = to_client({200, {{"server", "a/1"}, {"x-powered-by", "b"}, {"server", "c"}, {"date", "d"}}}, route);
  EXPECT_EQ(head.headers, (http::Headers{{"date", "d"}}));
  EXPECT_EQ(trailers_to_client({{"x-powered-by", "b"}, {"x-sum", "1"}}, route), (http::Headers{{"x-sum", "1"}}));
}

TEST(Forward, AnswersThatAreRedactedAreAskedForWholeAndPlain) {
  const http::Headers asked{{"accept-encoding", "gzip, br"}, {"range", "bytes=0-3"}, {"if-range", "x"}};
  auto route = route_with({{"authorization", "Bearer s3cr3t-token"}});
  EXPECT_EQ(*forwarded(asked, route).headers.find("range"), "bytes=0-3");
  route.redact.emplace_back(std::string_view("s3cr3t-token"));
  const auto head = forwarded(asked, route);
  EXPECT_EQ(*head.headers.find("accept-encoding"), "identity");
  EXPECT_EQ(head.headers.count("accept-encoding"), 1u);
  for (auto name : {"range", "if-range"}) EXPECT_THAT(head.headers.find(name), IsNull()) << name;
  const auto answer = to_client({200, {{"x-echo", "Bearer s3cr3t-token!"}}}, route);
  EXPECT_EQ(*answer.headers.find("x-echo"), "Bearer ************!");
  EXPECT_EQ(*trailers_to_client({{"x-echo", "s3cr3t-token"}}, route).find("x-echo"), "************");
}

class TwoPieces final : public http::Body {
 public:
  explicit TwoPieces(http::Headers trailers) : trailers_(std::move(trailers)) {}
  net::Task<Result<std::string_view>> next() override {
    co_return left_-- > 0 ? std::string_view("piece") : std::string_view();
  }
  std::optional<std::uint64_t> length() const override { return std::nullopt; }
  const http::Headers& trailers() const override { return trailers_; }

 private:
  int left_ = 2;
  http::Headers trailers_;
};

class NoReply final : public http::Writer {
 public:
  net::Task<Status> begin(http::ResponseHead) override { co_return Status(); }
  net::Task<Status> write(std::string_view) override { co_return Status(); }
  net::Task<Status> end(http::Headers) override { co_return Status(); }
  net::Task<Status> send(http::ResponseHead, std::string_view) override { co_return Status(); }
  bool begun() const override { return false; }
  void abort() override {}
};

// A flight that nothing but its body is asked of.
struct Ride {
  access::TokenService::Presented presented;
  NoReply reply;
  ProxiedFlight flight{1, presented, "billing-api", "write", {"PUT", "/v1/x", "billing.test"}, reply};
};

net::Task<Result<std::string>> read_through(http::Body& body) { return http::read_all(body, 1024); }

TEST(Forward, TrailersCarryNoIdentityEither) {
  TwoPieces body({{"watchword-assertion", "forged"},
                  {"x-remote-user", "root"},
                  {"x-api-key", "of the job"},
                  {"x-checksum", "abc"}});
  auto route = route_with({{"x-api-key", "of the gate"}});
  Ride ride;
  UpstreamBody upload(body, std::make_shared<const Route>(std::move(route)), ride.flight);
  auto read = net::run_blocking(read_through(upload));
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(*read, "piecepiece");
  ASSERT_EQ(upload.trailers().size(), 1u);
  EXPECT_EQ(upload.trailers().begin()->name, "x-checksum");
  EXPECT_EQ(ride.flight.bytes_up, 10u);
}

TEST(Forward, BytesBeyondTheSessionsLimitDoNotPass) {
  access::Allowance allowance({.bytes = 9}, Time{});
  Ride ride;
  ride.flight.lease = *allowance.begin(Time{});
  TwoPieces body({});
  UpstreamBody upload(body, std::make_shared<const Route>(route_with({})), ride.flight);
  auto read = net::run_blocking(read_through(upload));
  ASSERT_FALSE(read.has_value());
  EXPECT_EQ(read.error().reason, Reason::limit_reached);
  EXPECT_EQ(ride.flight.bytes_up, 5u);
  ASSERT_TRUE(ride.flight.cut.has_value());
  EXPECT_EQ(ride.flight.cut->refusal->reason, Reason::limit_reached);
  EXPECT_TRUE(ride.flight.upstream.fired());
}

}  // namespace
}  // namespace watchword::gateway
