// Requests under way end with the right that let them through, on a real proxy between a real client and a real
// backend.
#include "gateway/proxy.h"

#include <gmock/gmock.h>

#include <latch>
#include <optional>

#include "http/h2_test_client.h"
#include "http/server.h"
#include "http/test_server.h"
#include "support/gate_fixture.h"

namespace watchword::gateway {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

// A backend whose downloads never end by themselves, and that notices when it is cut off.
class Backend {
 public:
  std::string url() const { return "http://127.0.0.1:" + std::to_string(server_.address().port); }
  void wait_for_upload() { uploading_.wait(); }
  void wait_until_cut() { cut_.wait(); }  // the proxy has closed its connection
  void finish_slow() { go_->deliver(true); }

 private:
  net::Task<void> answer(http::Exchange& exchange) {
    const auto path = exchange.request.path();
    if (path == "/v1/endless") {
      const std::string piece(4096, 'x');
      Status sent = co_await exchange.reply.begin({});
      while (sent) sent = co_await exchange.reply.write(piece);
      cut_.count_down();
    } else if (path == "/v1/upload") {
      Result<std::string_view> piece = co_await exchange.body.next();
      uploading_.count_down();
      while (piece && !piece->empty()) piece = co_await exchange.body.next();
      cut_.count_down();
    } else if (path == "/v1/slow") {
      (void)co_await exchange.reply.begin({});
      (void)co_await exchange.reply.write("first ");
      co_await *go_;
      (void)co_await exchange.reply.write("last");
      (void)co_await exchange.reply.end();
    } else if (path == "/acme.v1.Billing/Talk") {
      const auto said = co_await http::read_all(exchange.body, 1000);
      (void)co_await exchange.reply.send({}, said.value_or("cut"));
    } else {
      (void)co_await exchange.reply.send({}, "ok");
    }
  }

  std::latch uploading_{1}, cut_{1};
  std::shared_ptr<net::Delivery<bool>> go_ = std::make_shared<net::Delivery<bool>>();
  http::TestServer server_{[this](http::Exchange& exchange) { return answer(exchange); }};
};

class ProxyCuts : public ::testing::Test {
 protected:
  std::string policy(std::string_view read, std::string_view session = "{ ttl: 15m }",
                     std::string_view http = "") const {
    return "resources:\n  billing-api:\n    http: { upstream: \"" + backend_.url() +
           "\", host: billing.gate.example.com" + std::string(http) +
           " }\n"
           "    actions:\n      read: { methods: [GET] }\n      write: { methods: [PUT] }\n"
           "roles:\n  deploy:\n    granted_to: [{ job: { issuer: gitlab, project_path: acme/billing } }]\n"
           "    allow: [billing-api/write" +
           std::string(read) + "]\n    session: " + std::string(session) + "\n";
  }
  // A proxy under this policy; the job has its token.
  void serve(const std::string& text, const http::ServerLimits& limits = {}) {
    gate_.set_policy(text);
    proxy_ = Proxy::make({gate_.service(), assertions_, gate_.recorder(), gate_.metrics, gate_.clock, gate_.random(),
                          flights_, loops_.loops()},
                         Routes::make(gate_.service().snapshot().policy).value());
    gate_.service().watch(flights_);
    auto started = http::Server::start(loops_.loops(),
                                       {.address = *net::parse_address("127.0.0.1:0"),
                                        .limits = Proxy::limits(limits),
                                        .metrics = &gate_.metrics,
                                        .name = "test"},
                                       *proxy_);
    ASSERT_TRUE(started) << to_string(started.error());
    server_ = *std::move(started);
    auto reply = gate_.exchange(gate_.id_token());
    ASSERT_TRUE(reply.has_value()) << to_string(reply.error().error);
    token_ = reply->access_token;
    session_ = gate_.session(reply->session);
  }
  std::string head(const std::string& line) const {
    return line + " HTTP/1.1\r\nhost: billing.gate.example.com\r\nauthorization: Bearer " + token_ + "\r\n";
  }
  void get(http::RawClient& client, const std::string& path) { client.send(head("GET " + path) + "\r\n"); }
  void end_session() {
    ASSERT_TRUE(
        net::run_blocking(gate_.service().end_session(session_, access::SessionEnd::job_ended, "", access::Origin{})));
  }
  // The records of requests that were cut, when none is under way any more.
  std::vector<Json> cuts() {
    server_->begin_drain();
    EXPECT_TRUE(server_->drain(std::chrono::seconds(20)));
    std::vector<Json> found;
    for (auto& entry : gate_.log())
      if (entry.string_or("event", "") == "request_cut") found.push_back(std::move(entry));
    return found;
  }
  static std::int64_t bytes(const Json& entry, std::string_view way) {
    return *entry.find("detail")->find_integer("bytes_" + std::string(way));
  }

  Backend backend_;
  testing::TestGate gate_;
  access::Assertions assertions_{std::string(testing::kGateUrl), gate_.keys()};
  net::LoopPool loops_{2};
  access::LiveFlights flights_{gate_.service(), loops_.loops()};
  std::unique_ptr<Proxy> proxy_;
  std::unique_ptr<http::Server> server_;
  std::string token_;
  std::shared_ptr<access::Session> session_;

  ~ProxyCuts() override {
    server_.reset();
    loops_.stop();
  }
};

TEST_F(ProxyCuts, TheEndOfASessionCutsItsDownloadOnBothSides) {
  serve(policy(", billing-api/read"));
  http::RawClient client(server_->address());
  get(client, "/v1/endless");
  EXPECT_THAT(client.read_until("xxxx"), StartsWith("HTTP/1.1 200 "));
  end_session();
  EXPECT_THAT(client.read_to_end(), Not(HasSubstr("\r\n0\r\n\r\n")));  // cut short, and seen to be
  backend_.wait_until_cut();
  const auto records = cuts();
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0].string_or("reason", ""), "session_ended");
  EXPECT_EQ(records[0].string_or("session", ""), session_->id());
  EXPECT_GT(bytes(records[0], "down"), 0);
  EXPECT_EQ(bytes(records[0], "up"), 0);
}

TEST_F(ProxyCuts, AnUploadThatHasNoAnswerYetIsAnsweredWithTheReason) {
  serve(policy(", billing-api/read"));
  std::optional<http::RawClient> client(server_->address());
  client->send(head("PUT /v1/upload") + "transfer-encoding: chunked\r\n\r\n400\r\n" + std::string(1024, 'x') + "\r\n");
  backend_.wait_for_upload();
  end_session();
  const auto answer = client->read_until("}");
  client.reset();  // the gate waits a while for the rest of the upload otherwise
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 401 "));
  EXPECT_THAT(answer, HasSubstr("session_ended"));
  backend_.wait_until_cut();
  const auto records = cuts();
  ASSERT_EQ(records.size(), 1u);
  EXPECT_THAT(answer, HasSubstr(records[0].string_or("id", "nothing")));
  EXPECT_EQ(records[0].string_or("action", ""), "write");
  EXPECT_EQ(bytes(records[0], "up"), 1024);
}

TEST_F(ProxyCuts, ThePolicysGraceIsForWhatIsUnderWayAndNothingElse) {
  serve(policy(", billing-api/read", "{ ttl: 15m, drain: 2s }"));
  http::RawClient slow(server_->address()), endless(server_->address()), late(server_->address());
  get(slow, "/v1/slow");
  EXPECT_THAT(slow.read_until("first "), StartsWith("HTTP/1.1 200 "));
  get(endless, "/v1/endless");
  endless.read_until("xxxx");
  end_session();
  const auto ended = net::Steady::now();
  get(late, "/v1/other");
  EXPECT_THAT(late.read_until("\r\n\r\n"), StartsWith("HTTP/1.1 401 "));
  backend_.finish_slow();
  EXPECT_THAT(slow.read_until("\r\n0\r\n\r\n"), HasSubstr("last"));
  endless.read_to_end();
  EXPECT_GE(net::Steady::now() - ended, std::chrono::milliseconds(1900));
  EXPECT_EQ(cuts().size(), 1u);
}

TEST_F(ProxyCuts, APolicyThatTakesTheRightAwayCutsWhatItLetThrough) {
  serve(policy(", billing-api/read"));
  http::RawClient client(server_->address());
  get(client, "/v1/endless");
  client.read_until("xxxx");
  gate_.set_policy(policy(""));
  client.read_to_end();
  backend_.wait_until_cut();
  const auto records = cuts();
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0].string_or("reason", ""), "not_permitted");
}

TEST_F(ProxyCuts, APolicyThatMakesAnotherActionOfTheRequestDecidesItAnew) {
  const auto with_paths = [&](std::string_view read) {
    auto text = policy(", billing-api/read");
    text.replace(text.find("read: { methods: [GET] }"), 24,
                 "read: { methods: [GET], paths: [" + std::string(read) + "] }");
    return text;
  };
  serve(with_paths("/v1/**"));
  http::RawClient client(server_->address()), other(server_->address());
  get(other, "/v1/slow");
  other.read_until("first ");
  get(client, "/v1/endless");
  client.read_until("xxxx");
  gate_.set_policy(with_paths("/v1/slow"));
  client.read_to_end();
  backend_.wait_until_cut();
  backend_.finish_slow();
  EXPECT_THAT(other.read_until("\r\n0\r\n\r\n"), HasSubstr("last"));
  EXPECT_EQ(cuts().size(), 1u);
}

TEST_F(ProxyCuts, AFactThatTurnsCutsWhatItLetThrough) {
  serve(policy(", { permission: billing-api/read, when: '!context.frozen(\"production\")' }"));
  http::RawClient client(server_->address()), other(server_->address());
  get(other, "/v1/slow");
  other.read_until("first ");
  get(client, "/v1/endless");
  client.read_until("xxxx");
  gate_.facts().freeze({"", "", "staging", gate_.clock.now() + std::chrono::hours(1), "", ""});
  gate_.service().rights_changed();  // of no concern to these
  backend_.finish_slow();
  EXPECT_THAT(other.read_until("\r\n0\r\n\r\n"), HasSubstr("last"));
  gate_.facts().freeze({"", "", "production", gate_.clock.now() + std::chrono::hours(1), "", ""});
  gate_.service().rights_changed();
  client.read_to_end();
  backend_.wait_until_cut();
  const auto records = cuts();
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0].string_or("reason", ""), "context_not_met");
}

TEST_F(ProxyCuts, ARevokedTokenCutsWhatItCarries) {
  serve(policy(", billing-api/read"));
  http::RawClient client(server_->address());
  get(client, "/v1/endless");
  client.read_until("xxxx");
  ASSERT_TRUE(net::run_blocking(gate_.service().revoke(token_, nullptr, {})).has_value());
  client.read_to_end();
  const auto records = cuts();
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0].string_or("reason", ""), "token_revoked");
}

TEST_F(ProxyCuts, AStreamLastsNoLongerThanItsResourcePermits) {
  serve(policy(", billing-api/read", "{ ttl: 15m }", ", timeouts: { stream: 1s }"));
  http::RawClient client(server_->address());
  get(client, "/v1/endless");
  client.read_until("xxxx");
  EXPECT_THAT(client.read_to_end(), Not(HasSubstr("\r\n0\r\n\r\n")));
  backend_.wait_until_cut();
  http::RawClient other(server_->address());
  get(other, "/v1/other");
  EXPECT_THAT(other.read_until("ok"), HasSubstr("HTTP/1.1 200 "));
  const auto records = cuts();
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0].string_or("reason", ""), "limit_reached");
  EXPECT_GT(bytes(records[0], "down"), 0);
}

TEST_F(ProxyCuts, WhoLastsTooLongBeforeAnAnswerIsToldSo) {
  serve(policy(", billing-api/read", "{ ttl: 15m }", ", timeouts: { stream: 1s }"));
  std::optional<http::RawClient> client(server_->address());
  client->send(head("PUT /v1/upload") + "content-length: 100\r\n\r\nx");
  const auto answer = client->read_until("}");
  client.reset();  // the gate waits a while for the rest of the upload otherwise
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 429 "));
  EXPECT_THAT(answer, HasSubstr("limit_reached"));
  EXPECT_THAT(answer, HasSubstr("at most 1s ('timeouts.stream' of billing-api)"));
  backend_.wait_until_cut();
  EXPECT_EQ(cuts().size(), 1u);
}

TEST_F(ProxyCuts, AnotherJobsEndCutsNothing) {
  serve(policy(", billing-api/read"));
  http::RawClient client(server_->address());
  get(client, "/v1/slow");
  client.read_until("first ");
  const auto other = gate_.session(gate_.exchange(gate_.id_token("4712")).value().session);
  ASSERT_TRUE(net::run_blocking(gate_.service().end_session(other, access::SessionEnd::job_ended, "", {})));
  backend_.finish_slow();
  EXPECT_THAT(client.read_until("\r\n0\r\n\r\n"), HasSubstr("last"));
  EXPECT_TRUE(cuts().empty());
}

TEST_F(ProxyCuts, AGrpcCallMayBeAsSilentAsATunnel) {
  const std::string here = "resources:\n  billing-api:\n    http: { upstream: { endpoints: [\"" + backend_.url() +
                           "\"], protocol: http2 }, host: billing.gate.example.com }\n"
                           "    actions:\n      call: { grpc: [acme.v1.Billing/*] }\n"
                           "roles:\n  deploy:\n"
                           "    granted_to: [{ job: { issuer: gitlab, project_path: acme/billing } }]\n"
                           "    allow: [billing-api/call]\n    session: { ttl: 15m }\n";
  const auto moment = std::chrono::milliseconds(50);
  serve(here, {.body_time = moment, .call_idle_time = moment});
  const auto call = [&](std::uint32_t stream) {
    return http::h2::headers(stream, {{":method", "POST"},
                                      {":scheme", "http"},
                                      {":authority", "billing.gate.example.com"},
                                      {":path", "/acme.v1.Billing/Talk"},
                                      {"content-type", "application/grpc"},
                                      {"authorization", "Bearer " + token_}});
  };
  http::H2RawClient client(server_->address());
  client.send(call(1) + http::h2::data(1, "be"));
  client.send(call(3));  // says nothing: when it is told that it took too long, a body's time is over
  EXPECT_NE(client.answer(3).field(0, "grpc-status"), "0");
  client.send(http::h2::data(1, "gun", http::h2::kEndStream));
  EXPECT_EQ(client.answer(1).body, "begun");
}

class TunnelNames : public ProxyCuts {
 protected:
  // Jobs of acme/tools prove possession. Nothing listens there.
  void SetUp() override {
    serve(R"(
resources:
  ledger-db: { tcp: { upstream: "127.0.0.1:1" } }
roles:
  deploy:
    granted_to: [{ job: { issuer: gitlab, project_path: acme/billing } }]
    allow: [ledger-db/connect]
    session: { ttl: 15m }
  tools:
    granted_to: [{ job: { issuer: gitlab, project_path: acme/tools } }]
    allow: [ledger-db/connect]
    session: { ttl: 15m, proof: dpop }
)");
    bound_ = gate_.access_token(gate_.id_token("4713", "acme/tools"), {.key = &key_});
  }
  std::string connect(const std::string& authority, const std::string& headers) const {
    http::RawClient client(server_->address());
    client.send("CONNECT " + authority + " HTTP/1.1\r\nhost: " + authority + "\r\n" + headers + "\r\n");
    return client.read_until("}");
  }
  // Without what every answer has of its own.
  std::string alike(std::string answer) {
    for (const auto& entry : gate_.log())
      if (const auto id = entry.string_or("id", "-"); answer.contains(id))
        answer.replace(answer.find(id), id.size(), "");
    if (const auto date = answer.find("date: "); date != std::string::npos)
      answer.erase(date, answer.find("\r\n", date) - date);
    return answer;
  }
  std::string proof(const std::string& authority, std::string_view nonce) const {
    return "proxy-authorization: DPoP " + bound_ +
           "\r\ndpop: " + key_.proof("CONNECT", "http://" + authority, gate_.clock.now(), nonce, bound_) + "\r\n";
  }

  const std::string right_ = "ledger-db:1", wrong_port_ = "ledger-db:2", unknown_ = "nothing:1";
  testing::DpopKey key_;
  std::string bound_;
};

TEST_F(TunnelNames, AreAllAlikeToWhoeverPresentsNoCredential) {
  const std::string proxy = "proxy-authorization: Bearer ", good = proxy + token_ + "\r\n";
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "token_missing"},
      {"authorization: Bearer " + token_ + "\r\n", "token_missing"},
      {proxy + "x.y.z\r\n", "token_malformed"},
      {proxy + bound_ + "\r\n", "dpop_"},
      {good + good, "request_invalid"}};
  for (const auto& [headers, reason] : cases) {
    const auto answer = alike(connect(right_, headers));
    EXPECT_THAT(answer, HasSubstr(reason));
    EXPECT_EQ(alike(connect(wrong_port_, headers)), answer);
    EXPECT_EQ(alike(connect(unknown_, headers)), answer);
  }
}

TEST_F(TunnelNames, AreToldToJobs) {
  const auto headers = "proxy-authorization: Bearer " + token_ + "\r\n";
  EXPECT_THAT(connect(right_, headers), HasSubstr("upstream_unreachable"));
  EXPECT_THAT(connect(wrong_port_, headers), HasSubstr("ledger-db:1, with the port of its upstream"));
  EXPECT_THAT(connect(unknown_, headers), HasSubstr("host_unknown"));
}

TEST_F(TunnelNames, AProofLacksItsNonceFirstAndServesOnceWhateverTheName) {
  for (const auto& [authority, answer] :
       {std::pair{right_, "upstream_unreachable"}, std::pair{wrong_port_, "ledger-db:1, with"}}) {
    const auto asked = connect(authority, proof(authority, ""));
    EXPECT_THAT(asked, StartsWith("HTTP/1.1 407 "));
    const auto nonce = gate_.dpop().nonce(gate_.clock.now());
    EXPECT_THAT(asked, HasSubstr("dpop-nonce: " + nonce));
    const auto proven = proof(authority, nonce);
    EXPECT_THAT(connect(authority, proven), HasSubstr(answer));
    EXPECT_THAT(connect(authority, proven), HasSubstr("dpop_replayed"));
  }
}

}  // namespace
}  // namespace watchword::gateway
