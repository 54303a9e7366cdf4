// Trouble on the way to the gate names what is wrong, and the fix for exactly that.
#include "job/gate_trust.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "http/test_server.h"
#include "job/gate_client.h"
#include "net/loop.h"
#include "net/test_server.h"

namespace watchword::job {
namespace {

using ::testing::HasSubstr;

Error trouble(const http::Origin& gate, std::shared_ptr<net::TlsClientContext> tls) {
  http::RequestHead head{"GET", gate.scheme, gate.authority, "/", {}};
  auto reply = net::run_blocking(ask(gate, std::move(tls), std::move(head), {}));
  return reply ? Error{Reason::internal, "an answer", {}, {}, {}} : reply.error();
}

net::Task<void> nothing(http::Exchange& exchange) {
  static_cast<void>(co_await exchange.reply.send({.status = 200, .headers = {}}, "{}"));
}

struct Variable {
  Variable(const char* name, const char* value) : name_(name) { ::setenv(name, value, 1); }
  ~Variable() { ::unsetenv(name_); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  const char* name_;
};

TEST(GateTrust, OfACertificateNamesWhatIsWrongWithIt) {
  const net::TestCertificates ours, others;
  const http::TestServer server(nothing, {}, ours.server());
  const auto port = std::to_string(server.address().port);
  const auto gate = *http::parse_origin("https://localhost:" + port);
  const auto unknown = trouble(gate, others.client());
  EXPECT_EQ(unknown.reason, Reason::gate_untrusted);
  EXPECT_EQ(unknown.where, "https://localhost:" + port);
  EXPECT_THAT(unknown.fix, HasSubstr("set WATCHWORD_CA, or --ca"));
  EXPECT_EQ(trouble(gate, ours.client()).found, "an answer");
  EXPECT_THAT(gate_trouble({Reason::upstream_tls_failed, "certificate has expired", {}, {}, {}}, gate).fix,
              HasSubstr("renew the gate's certificate"));
  EXPECT_THAT(gate_trouble({Reason::upstream_tls_failed, "hostname mismatch", {}, {}, {}}, gate).fix,
              HasSubstr("have it issued for localhost"));
}

TEST(GateTrust, OfAServerWithoutTlsSaysSo) {
  const http::TestServer server(nothing);
  const auto error = trouble(*http::parse_origin("https://localhost:" + std::to_string(server.address().port)),
                             *net::TlsClientContext::make({}));
  EXPECT_EQ(error.reason, Reason::gate_untrusted);
  EXPECT_THAT(error.fix, HasSubstr("speaks TLS"));
}

TEST(GateTrust, TellsNamesAddressesAndRoutesApart) {
  const auto gate = *http::parse_origin("https://gate.example.com");
  const auto fix = [&](Reason reason, const char* found) {
    return gate_trouble({reason, found, {}, {}, {}}, gate).fix;
  };
  EXPECT_THAT(fix(Reason::upstream_unreachable, "Domain name not found"), HasSubstr("name service"));
  EXPECT_THAT(fix(Reason::upstream_unreachable, "Timeout while contacting DNS servers"), HasSubstr("name service"));
  EXPECT_THAT(fix(Reason::upstream_timeout, "no answer from the name service"), HasSubstr("name service"));
  EXPECT_THAT(fix(Reason::upstream_unreachable, "Connection refused"), HasSubstr("check the port"));
  EXPECT_THAT(fix(Reason::upstream_unreachable, "Network is unreachable"), HasSubstr("a route to gate.example.com"));
  EXPECT_THAT(fix(Reason::upstream_timeout, "no answer to the attempt to connect"), HasSubstr("firewall"));
  EXPECT_EQ(gate_trouble({Reason::upstream_malformed, "x", {}, {}, {}}, gate).reason, Reason::gate_unreachable);
}

TEST(GateTrust, TakesTheAuthoritiesFromTheOptionThenTheVariable) {
  const Variable variable("WATCHWORD_CA", "/etc/acme/ca.pem");
  EXPECT_EQ(authorities_file("/other.pem"), "/other.pem");
  EXPECT_EQ(authorities_file(""), "/etc/acme/ca.pem");
}

TEST(GateTrust, LeavesItToOpensslWhereItsOwnVariablesAreSet) {
  const Variable variable("SSL_CERT_FILE", "/etc/acme/all.pem");
  EXPECT_EQ(authorities_file(""), "");
}

TEST(GateTrust, SaysThatACertificateIsNoFile) {
  const Variable variable("WATCHWORD_CA", "-----BEGIN CERTIFICATE-----\nMIIB");
  const auto file = authorities_file("");
  ASSERT_FALSE(file);
  EXPECT_THAT(file.error().fix, HasSubstr("type File"));
  EXPECT_EQ(file.error().found, "a certificate itself");
}

TEST(GateTrust, IsNotAskedOfPlainHttpBeyondLoopback) {
  EXPECT_FALSE(tls_towards(*http::parse_origin("http://gate.example.com"), ""));
  EXPECT_EQ(*tls_towards(*http::parse_origin("http://127.0.0.1:1"), ""), nullptr);
}

}  // namespace
}  // namespace watchword::job
