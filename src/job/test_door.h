// A local door whose gateway is a function. For tests only.
#pragma once

#include <sys/un.h>

#include <condition_variable>
#include <mutex>
#include <string>
#include <vector>

#include "http/test_server.h"
#include "job/local_door.h"
#include "net/tls.h"

namespace watchword::job {

inline const std::string kSecret = "dGhlIHJ1bidzIHNlY3JldCwgMjQg";

struct TestDoor {
  using Gateway = http::FunctionHandler::Function;

  explicit TestDoor(Gateway function, const net::Address& listen = {.host = "127.0.0.1"})
      : TestDoor(std::make_unique<http::TestServer>(std::move(function)), listen, nullptr) {}
  // A gateway with TLS.
  TestDoor(Gateway function, std::shared_ptr<net::TlsServerContext> server, std::shared_ptr<net::TlsClientContext> tls)
      : TestDoor(std::make_unique<http::TestServer>(std::move(function), http::ServerLimits(), std::move(server)),
                 {.host = "127.0.0.1"}, std::move(tls)) {}
  TestDoor(const TestDoor&) = delete;
  TestDoor& operator=(const TestDoor&) = delete;
  ~TestDoor() {
    if (door) door->close();
    pool.stop();
  }

  std::string url() const { return (encrypted ? "https://" : "http://") + net::to_string(gateway->address()); }
  net::Address address() const { return door->address(); }
  // What the gate said that passed: "STATUS REASON", waited for.
  std::string refusal() {
    std::unique_lock lock(mutex);
    told.wait_for(lock, std::chrono::seconds(20), [this] { return !refusals.empty(); });
    if (refusals.empty()) return "none";
    auto first = std::move(refusals.front());
    refusals.erase(refusals.begin());
    return first;
  }
  bool silent() {
    const std::lock_guard lock(mutex);
    return refusals.empty();
  }

  Secret secret{std::string_view(kSecret)};
  std::mutex mutex;
  std::condition_variable told;
  std::vector<std::string> refusals;
  // Used on the door's loop, and by the test while nothing is under way.
  std::string nonce = "n0";
  int renewed = 0;
  std::unique_ptr<http::TestServer> gateway;
  const bool encrypted;
  net::LoopPool pool{1};
  std::unique_ptr<LocalDoor> door;

 private:
  TestDoor(std::unique_ptr<http::TestServer> server, const net::Address& listen,
           std::shared_ptr<net::TlsClientContext> tls)
      : gateway(std::move(server)), encrypted(tls != nullptr) {
    LocalForwarder::Way way{.site = *Site::of(url()),
                            .tls = std::move(tls),
                            .credentials =
                                [this](auto method, auto to) {
                                  const auto proof = nonce + " " + std::string(method) + " " + std::string(to);
                                  return http::Headers{{"authorization", "DPoP token"}, {"dpop", proof}};
                                },
                            .saw_nonce = [this](auto seen) { nonce = seen; },
                            .renew_nonce = [this] { return renew(); },
                            .on_refusal = [this](const Reply& refusal) { note(refusal); }};
    auto opened =
        LocalDoor::open(*pool.loops().front(), listen, {secret, OwnerSource::diag, ::geteuid()}, std::move(way));
    EXPECT_TRUE(opened) << to_string(opened.error());
    door = *std::move(opened);
  }
  net::Task<void> renew() {
    ++renewed;
    co_return;
  }
  void note(const Reply& refusal) {
    const std::lock_guard lock(mutex);
    refusals.push_back(std::to_string(refusal.status) + " " + std::string(refusal.body.string_or("reason", "-")));
    told.notify_all();
  }
};

// One request with the secret in its path, answered whole.
inline std::string ask_door(const net::Address& door, std::string_view line, std::string_view headers = {},
                            std::string_view body = {}) {
  const auto space = line.find(' ') + 1;
  std::string text(line.substr(0, space));
  text.append("/").append(kSecret).append(line.substr(space)).append(" HTTP/1.1\r\nHost: 127.0.0.1\r\n");
  if (!body.empty()) text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  text.append(headers).append("Connection: close\r\n\r\n").append(body);
  return http::without_date(http::talk(door, text));
}

}  // namespace watchword::job
