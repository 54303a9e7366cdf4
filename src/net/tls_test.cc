#include "net/tls.h"

#include <openssl/ssl.h>

#include <fstream>

#include "net/test_server.h"

namespace watchword::net {
namespace {

using std::chrono::seconds;

Result<std::string> talk(const EchoServer& server, std::shared_ptr<TlsClientContext> client, std::string host) {
  Address to = server.address();
  to.host = std::move(host);
  return run_blocking(ask(to, std::move(client), "x"));
}

TEST(Tls, AcceptsOnlyATrustedCertificateForTheHost) {
  TestCertificates certificates;
  const testing::CertificateAuthority other("Other Authority");
  testing::write_text(certificates.directory.file("other.pem"), other.pem());
  struct Case {
    std::string_view what;
    testing::CertificateRequest server;
    std::string host, server_name, ca;
    std::string_view found;  // empty: accepted
  };
  for (const Case& c : std::initializer_list<Case>{
           {"name", {.hosts = {"localhost"}}, "localhost", "", "ca.pem", ""},
           {"address", {.hosts = {"127.0.0.1"}}, "127.0.0.1", "", "ca.pem", ""},
           {"name in place of the host", {.hosts = {"api.example.com"}}, "127.0.0.1", "api.example.com", "ca.pem", ""},
           {"wildcard", {.hosts = {"*.example.com"}}, "127.0.0.1", "api.example.com", "ca.pem", ""},
           {"other name", {.hosts = {"example.com"}}, "localhost", "", "ca.pem", "hostname mismatch"},
           {"wildcard two levels up", {.hosts = {"*.com"}}, "127.0.0.1", "a.b.com", "ca.pem", "hostname mismatch"},
           {"partial wildcard", {.hosts = {"a*.b.com"}}, "127.0.0.1", "ab.b.com", "ca.pem", "hostname mismatch"},
           {"name in the subject only", {.name = "localhost"}, "localhost", "", "ca.pem", "hostname mismatch"},
           {"address of another",
            {.hosts = {"127.0.0.2", "localhost"}},
            "127.0.0.1",
            "",
            "ca.pem",
            "IP address mismatch"},
           {"other authority",
            {.hosts = {"localhost"}},
            "localhost",
            "",
            "other.pem",
            "unable to get local issuer certificate"},
           {"system's authorities",
            {.hosts = {"localhost"}},
            "localhost",
            "",
            "",
            "unable to get local issuer certificate"},
           {"expired",
            {.hosts = {"localhost"}, .valid_from_seconds = -100, .valid_to_seconds = -10},
            "localhost",
            "",
            "ca.pem",
            "certificate has expired"},
           {"not yet valid",
            {.hosts = {"localhost"}, .valid_from_seconds = 1000},
            "localhost",
            "",
            "ca.pem",
            "certificate is not yet valid"},
       }) {
    certificates.write_server(c.server);
    const EchoServer server("127.0.0.1:0", {.tls = certificates.server()});
    const std::string ca = c.ca.empty() ? "" : certificates.directory.file(c.ca);
    const auto client = *TlsClientContext::make({.ca_file = ca, .server_name = c.server_name});
    const auto answer = talk(server, client, c.host);
    EXPECT_EQ(answer.has_value(), c.found.empty()) << c.what;
    if (answer || c.found.empty()) continue;
    EXPECT_EQ(answer.error().reason, Reason::upstream_tls_failed) << c.what;
    EXPECT_EQ(answer.error().found, c.found) << c.what;
  }
}

TEST(Tls, ServesVersions12And13Only) {
  const TestCertificates certificates;
  const EchoServer server("127.0.0.1:0", {.tls = certificates.server()});
  struct Case {
    int version;
    bool accepted;
  };
  for (const Case& c : {Case{TLS1_3_VERSION, true}, Case{TLS1_2_VERSION, true}, Case{TLS1_1_VERSION, false},
                        Case{TLS1_VERSION, false}}) {
    const auto client = certificates.client();
    SSL_CTX* ssl = client->context().get();
    SSL_CTX_set_security_level(ssl, 0);  // OpenSSL 3 itself refuses the old versions above level 0
    SSL_CTX_set_cipher_list(ssl, "ALL:@SECLEVEL=0");
    SSL_CTX_set_min_proto_version(ssl, c.version);
    SSL_CTX_set_max_proto_version(ssl, c.version);
    EXPECT_EQ(talk(server, client, "localhost").has_value(), c.accepted) << c.version;
  }
}

TEST(Tls, APlainPeerIsAnErrorOnEitherSide) {
  const TestCertificates certificates;
  const EchoServer secure("127.0.0.1:0", {.tls = certificates.server()});
  const EchoServer plain;
  const auto to_plain = talk(plain, certificates.client(), "localhost");
  ASSERT_FALSE(to_plain);
  EXPECT_EQ(to_plain.error().reason, Reason::upstream_tls_failed);
  const auto to_secure = run_blocking(ask(secure.address(), nullptr, "GET / HTTP/1.1\r\n\r\n"));
  EXPECT_TRUE(!to_secure || !to_secure->starts_with("GET"));
}

TEST(Tls, NegotiatesTheProtocolAndRefusesWhenThereIsNoneInCommon) {
  const TestCertificates certificates;
  const EchoServer server("127.0.0.1:0", {.tls = *TlsServerContext::make(certificates.files(), {"h2", "http/1.1"})});
  struct Case {
    std::vector<std::string> offered;
    std::string chosen;
    bool accepted;
  };
  for (const Case& c : {Case{{"http/1.1", "h2"}, "h2", true}, Case{{"http/1.1"}, "http/1.1", true},
                        Case{{"ftp"}, "", false}, Case{{}, "", true}}) {
    const auto chosen = run_blocking(handshake(server.address(), certificates.client({.protocols = c.offered})));
    ASSERT_EQ(chosen.has_value(), c.accepted);
    if (chosen) EXPECT_EQ(*chosen, c.chosen);
  }
}

TEST(Tls, AClientsContextOffersOtherProtocolsInACopy) {
  const TestCertificates certificates;
  const EchoServer server("127.0.0.1:0", {.tls = *TlsServerContext::make(certificates.files(), {"h2", "http/1.1"})});
  const auto first = certificates.client({.protocols = {"http/1.1"}});
  const auto second = first->with_protocols({"h2"});
  ASSERT_TRUE(second);
  for (const auto& [context, chosen] : {std::pair(first, "http/1.1"), std::pair(*second, "h2")})
    EXPECT_EQ(run_blocking(handshake(server.address(), context)).value_or(""), chosen);
  EXPECT_FALSE(first->with_protocols({""}));
}

TEST(Tls, DemandsAClientCertificateOfItsAuthority) {
  TestCertificates certificates;
  const testing::CertificateAuthority other("Test Authority");  // the same name, another key
  auto files = certificates.files();
  files.client_ca = certificates.directory.file("ca.pem");
  const EchoServer server("127.0.0.1:0", {.tls = *TlsServerContext::make(files)});
  const auto with_certificate = [&](const testing::CertificateAuthority& authority) {
    const auto issued = authority.issue({.name = "client"});
    testing::write_text(certificates.directory.file("client.pem"), issued.certificate);
    testing::write_text(certificates.directory.file("client.key"), issued.key);
    return certificates.client(
        {.certificate = certificates.directory.file("client.pem"), .key = certificates.directory.file("client.key")});
  };
  EXPECT_TRUE(talk(server, with_certificate(certificates.authority), "localhost"));
  EXPECT_FALSE(talk(server, with_certificate(other), "localhost"));
  EXPECT_FALSE(talk(server, certificates.client(), "localhost"));
}

// What the server says when it has seen this client.
using Names = std::vector<std::string>;
Task<Names> names_seen(Address server, std::shared_ptr<TlsClientContext> client,
                       std::shared_ptr<Delivery<Names>> names) {
  const auto stream = co_await connect(std::move(server), std::move(client), seconds(5));
  EXPECT_TRUE(stream);
  if (!stream) co_return Names();
  co_return co_await *names;
}

TEST(Tls, TheServerKnowsTheNamesInTheCertificateThatItDemanded) {
  TestCertificates certificates;
  auto files = certificates.files();
  files.client_ca = certificates.directory.file("ca.pem");
  const auto issued = certificates.authority.issue(
      {.name = "in-the-subject.example.com", .hosts = {"edge.example.com", "127.0.0.9", "*.other.example.com"}});
  testing::write_text(certificates.directory.file("client.pem"), issued.certificate);
  testing::write_text(certificates.directory.file("client.key"), issued.key);
  const auto names = std::make_shared<Delivery<Names>>();
  LoopPool pool(1);
  const auto listener =
      Listener::start(pool.loops(), *parse_address("127.0.0.1:0"), {.tls = *TlsServerContext::make(files)},
                      [names](std::unique_ptr<Stream> stream) { names->deliver(stream->peer().names); });
  ASSERT_TRUE(listener);
  auto address = (*listener)->address();
  address.host = "localhost";
  const auto client = certificates.client(
      {.certificate = certificates.directory.file("client.pem"), .key = certificates.directory.file("client.key")});
  EXPECT_EQ(run_blocking(names_seen(address, client, names)), (Names{"edge.example.com", "*.other.example.com"}));
}

TEST(TlsReload, TakesANewCertificateForNewConnectionsOnly) {
  TestCertificates certificates;
  const auto context = certificates.server();
  const EchoServer server("127.0.0.1:0", {.tls = context});
  EXPECT_FALSE(*context->reload_if_changed());
  run_blocking([](TestCertificates& all, TlsServerContext& tls, Address to) -> Task<bool> {
    auto before = co_await connect(to, all.client(), seconds(5));
    EXPECT_TRUE(before);
    if (!before) co_return false;
    all.write_server({.hosts = {"new.example.com"}});
    EXPECT_TRUE(*tls.reload_if_changed());
    EXPECT_FALSE(*tls.reload_if_changed());
    EXPECT_TRUE(co_await (*before)->write("still", {}));
    const auto echoed = co_await read_exactly(**before, 5);
    EXPECT_TRUE(echoed && *echoed == "still");
    EXPECT_FALSE(co_await connect(to, all.client(), seconds(5)));
    EXPECT_TRUE(co_await connect(to, all.client({.server_name = "new.example.com"}), seconds(5)));
    co_return true;
  }(certificates, *context, server.address()));
}

TEST(TlsReload, AFileTouchedWithoutChangeIsNoReload) {
  TestCertificates certificates;
  const auto context = certificates.server();
  const auto before = context->current();
  std::ifstream in(certificates.files().certificate);
  const std::string same{std::istreambuf_iterator<char>(in), {}};
  testing::write_text(certificates.files().certificate, same);
  EXPECT_FALSE(*context->reload_if_changed());
  EXPECT_EQ(context->current(), before);
}

TEST(TlsReload, KeepsTheCertificateInForceWhenTheNewOneIsBroken) {
  TestCertificates certificates;
  const auto context = certificates.server();
  const auto before = context->current();
  testing::write_text(certificates.files().key, certificates.authority.issue({}).key);  // of another certificate
  for (int attempt = 0; attempt < 2; ++attempt) {  // it is said each time, until it is mended
    const auto reloaded = context->reload_if_changed();
    ASSERT_FALSE(reloaded);
    EXPECT_EQ(reloaded.error().reason, Reason::config_invalid);
    EXPECT_EQ(reloaded.error().where, certificates.files().key);
  }
  EXPECT_EQ(context->current(), before);
  certificates.write_server({.hosts = {"localhost"}});
  EXPECT_TRUE(*context->reload_if_changed());
}

TEST(TlsFiles, AreRefusedWithTheNameOfTheWrongOne) {
  TestCertificates certificates;
  const auto good = certificates.files();
  const std::string junk = certificates.directory.file("junk"), missing = certificates.directory.file("missing");
  testing::write_text(junk, "-----BEGIN CERTIFICATE-----\njunk\n-----END CERTIFICATE-----\n");
  struct Case {
    TlsServerContext::Files files;
    std::string where;
  };
  for (const Case& c : {Case{{junk, good.key, ""}, junk}, Case{{good.certificate, junk, ""}, junk},
                        Case{{good.certificate, good.key, junk}, junk}, Case{{missing, good.key, ""}, missing},
                        Case{{good.key, good.certificate, ""}, good.key}}) {
    const auto context = TlsServerContext::make(c.files);
    ASSERT_FALSE(context);
    EXPECT_EQ(context.error().where, c.where) << to_string(context.error());
  }
  EXPECT_FALSE(TlsClientContext::make({.ca_file = junk}));
  EXPECT_FALSE(TlsClientContext::make({.certificate = good.certificate, .key = junk}));
}

}  // namespace
}  // namespace watchword::net
