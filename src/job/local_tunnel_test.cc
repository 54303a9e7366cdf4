// A tunnel is asked for with a fresh proof, and again where that lacked the gate's newest nonce.
#include "job/local_tunnel.h"

#include <gtest/gtest.h>

#include <mutex>
#include <vector>

#include "job/test_gate.h"
#include "net/loop.h"

namespace watchword::job {
namespace {

// A gateway that wants the nonce "of-gateway", and echoes what then comes.
struct TestGateway {
  net::Task<void> answer(http::Exchange& exchange) {
    Asked asked{.path = exchange.request.authority, .headers = exchange.request.headers, .form = {}};
    const bool good = asked.proof().string_or("nonce", "") == "of-gateway";
    {
      const std::lock_guard lock(mutex);
      seen.push_back(std::move(asked));
    }
    if (!good) {
      http::ResponseHead head{
          .status = 407,
          .headers = {{"proxy-authenticate", R"(DPoP error="use_dpop_nonce")"}, {"dpop-nonce", "of-gateway"}}};
      static_cast<void>(co_await exchange.reply.send(std::move(head), "{}"));
      co_return;
    }
    if (!co_await exchange.reply.begin({.status = 200, .headers = {}})) co_return;
    while (true) {
      const auto piece = co_await exchange.body.next();
      if (!piece || piece->empty() || !co_await exchange.reply.write(*piece)) break;
    }
    static_cast<void>(co_await exchange.reply.end());
  }

  std::mutex mutex;
  std::vector<Asked> seen;
  http::TestServer server{[this](http::Exchange& exchange) { return answer(exchange); }};
};

TEST(LocalTunnel, IsAskedForAgainWithTheGatewaysNonce) {
  TestGate gate({granted("ledger-db")});
  TestHolder holder(gate.origin());
  Access access(holder.holder, {"ledger-db", {"connect"}});
  ASSERT_TRUE(net::run_blocking(access.renew()));
  TestGateway gateway;
  auto tunnel =
      LocalTunnel::start(*net::parse_address("127.0.0.1:0"),
                         {.gateway = *http::parse_origin("http://" + net::to_string(gateway.server.address())),
                          .tls = nullptr,
                          .authority = "ledger-db:5432",
                          .holder = holder.holder,
                          .access = access,
                          .on_trouble = [](const Reply& refusal) { ADD_FAILURE() << "status " << refusal.status; }});
  ASSERT_TRUE(tunnel) << to_string(tunnel.error());
  EXPECT_EQ(http::talk((*tunnel)->address(), "select 1"), "select 1");
  tunnel->reset();
  const std::lock_guard lock(gateway.mutex);
  ASSERT_EQ(gateway.seen.size(), 2u);
  for (const auto& asked : gateway.seen) {
    EXPECT_EQ(asked.path, "ledger-db:5432");
    EXPECT_EQ(asked.header("proxy-authorization"), "DPoP eyJ0.e30.c2ln");
    EXPECT_EQ(asked.proof().string_or("htm", ""), "CONNECT");
    EXPECT_EQ(asked.proof().string_or("htu", ""), "http://ledger-db:5432");
  }
  EXPECT_NE(gateway.seen[0].proof().string_or("jti", ""), gateway.seen[1].proof().string_or("jti", ""));
}

}  // namespace
}  // namespace watchword::job
