// Who gets through a local door, and who does not.
#include "job/local_door.h"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <atomic>

#include "base/descriptor.h"
#include "http/h2_test_client.h"
#include "job/test_door.h"
#include "support/temporary_directory.h"

namespace watchword::job {
namespace {

using http::talk;
using net::Task;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// A gateway that counts.
struct Counted {
  TestDoor::Gateway gateway() {
    return [this](http::Exchange& exchange) { return answer(exchange); };
  }
  Task<void> answer(http::Exchange& exchange) {
    ++requests;
    (void)co_await exchange.reply.send({}, "ok");
  }
  std::atomic<int> requests = 0;
};

std::string get(const std::string& target, const std::string& headers = {}, const std::string& host = "127.0.0.1") {
  return "GET " + target + " HTTP/1.1\r\nHost: " + host + "\r\n" + headers + "Connection: close\r\n\r\n";
}

TEST(LocalDoor, LetsInWhoKnowsTheSecret) {
  Counted counted;
  const TestDoor door(counted.gateway());
  EXPECT_THAT(talk(door.address(), get("/" + kSecret + "/x")), StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(talk(door.address(), get("/x", "Watchword-Run: " + kSecret + "\r\n")), StartsWith("HTTP/1.1 200 "));
  EXPECT_EQ(counted.requests, 2);
}

TEST(LocalDoor, NothingOfAStrangerReachesTheGate) {
  Counted counted;
  const TestDoor door(counted.gateway());
  const auto secret = "/" + kSecret + "/x";
  const auto header = "Watchword-Run: " + kSecret + "\r\n";
  const std::vector<std::string> attacks = {get("/x"),
                                            get("/?" + kSecret),
                                            get("/x/../" + kSecret + "/x"),
                                            get("/%64" + kSecret.substr(1) + "/x"),
                                            get("/" + kSecret + "%2fx"),
                                            get("/x", "Watchword-Run: wrong\r\n"),
                                            get("/x", header + header),
                                            get(secret, "Watchword-Run: wrong\r\n"),
                                            get("/x", "Cookie: Watchword-Run=" + kSecret + "\r\n"),
                                            get("/x", "Authorization: Bearer " + kSecret + "\r\n"),
                                            get(secret, {}, "evil.example.com"),
                                            get(secret, {}, "127.0.0.1.example.com:80"),
                                            get(secret, "Origin: https://evil.example.com\r\n"),
                                            get(secret, "Origin: null\r\n"),
                                            get(secret, "Sec-Fetch-Site: cross-site\r\n"),
                                            "CONNECT billing-api:443 HTTP/1.1\r\nHost: billing-api:443\r\n\r\n",
                                            "OPTIONS * HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"};
  for (const auto& attack : attacks) {
    const auto answer = talk(door.address(), attack);
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 403 ")) << attack;
    EXPECT_THAT(answer, HasSubstr(R"("reason":"local_caller_refused")")) << attack;
    EXPECT_EQ(answer.find(kSecret), std::string::npos) << answer;
  }
  EXPECT_THAT(talk(door.address(), get("http://evil.example.com" + secret)), StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(talk(door.address(), "CONNECT a:1 HTTP/1.1\r\nHost: 127.0.0.1:1\r\n" + header + "\r\n"),
              StartsWith("HTTP/1.1 4"));
  EXPECT_EQ(counted.requests, 0);
}

TEST(LocalDoor, LimitsHeadsAndHowLongTheyMayTake) {
  Counted counted;
  const TestDoor door(counted.gateway());
  const auto secret = "/" + kSecret + "/x";
  EXPECT_THAT(talk(door.address(), get(secret, "x: " + std::string(100'000, 'x') + "\r\n")),
              StartsWith("HTTP/1.1 431 "));
  EXPECT_THAT(talk(door.address(), get(secret + std::string(10'000, 'x'))), StartsWith("HTTP/1.1 4"));
  EXPECT_EQ(counted.requests, 0);
  const auto limits = LocalDoor::limits();
  EXPECT_LE(limits.header_time, std::chrono::seconds(10));
  EXPECT_LE(limits.connections, 1000u);
}

TEST(LocalDoor, ARequestWithTwoLengthsIsNoneOfTheGates) {
  Counted counted;
  const TestDoor door(counted.gateway());
  const auto smuggled = "POST /" + kSecret +
                        "/x HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
                        "0\r\n\r\nGET /admin HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
  EXPECT_THAT(talk(door.address(), smuggled), StartsWith("HTTP/1.1 400 "));
  EXPECT_EQ(counted.requests, 0);
}

TEST(LocalDoor, TellsGrpcCallersTheirWay) {
  Counted counted;
  const TestDoor door(counted.gateway());
  http::H2RawClient client(door.address());
  client.send(http::h2::headers(1,
                                {{":method", "POST"},
                                 {":scheme", "http"},
                                 {":authority", "127.0.0.1"},
                                 {":path", "/pkg.Service/Method"},
                                 {"content-type", "application/grpc"}},
                                http::h2::kEndHeaders | http::h2::kEndStream));
  const auto answer = client.answer(1);
  EXPECT_EQ(answer.status(), "200");
  EXPECT_EQ(answer.field(0, "grpc-status"), "16");
  EXPECT_THAT(answer.field(0, "grpc-message"), HasSubstr("local_caller_refused"));
  EXPECT_TRUE(answer.ended);
  EXPECT_EQ(counted.requests, 0);
}

// As another user: "answered", or "closed".
std::string as_nobody(const std::function<int()>& connect, const std::string& request) {
  const pid_t child = ::fork();
  if (child == 0) {
    if (::setgid(65534) != 0 || ::setuid(65534) != 0) ::_exit(1);
    const int file = connect();
    if (file < 0) ::_exit(2);
    static_cast<void>(::send(file, request.c_str(), request.size(), MSG_NOSIGNAL));
    char byte = 0;
    ::_exit(::recv(file, &byte, 1, 0) > 0 ? 3 : 4);
  }
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  const int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return code == 2 ? "not connected" : code == 3 ? "answered" : code == 4 ? "closed" : "failed";
}

TEST(LocalDoor, AnotherUserIsNotHeardEvenWithTheSecret) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to become another user";
  Counted counted;
  TestDoor door(counted.gateway());
  const auto connect = [port = door.address().port] {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int file = ::socket(AF_INET, SOCK_STREAM, 0);
    return ::connect(file, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0 ? file : -1;
  };
  EXPECT_EQ(as_nobody(connect, get("/" + kSecret + "/x")), "closed");
  EXPECT_EQ(door.refusal(), "0 local_caller_refused");
  EXPECT_EQ(counted.requests, 0);
  EXPECT_THAT(talk(door.address(), get("/" + kSecret + "/x")), StartsWith("HTTP/1.1 200 "));
}

int connect_to(const std::string& path) {
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  std::ranges::copy(path, to.sun_path);
  const int file = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (::connect(file, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0) return file;
  ::close(file);
  return -1;
}

std::string talk_to(const std::string& path, const std::string& request) {
  const Descriptor file(connect_to(path));
  EXPECT_TRUE(file.open());
  ::send(file.get(), request.data(), request.size(), MSG_NOSIGNAL);
  ::shutdown(file.get(), SHUT_WR);
  std::string all;
  std::array<char, 4096> buffer{};
  for (ssize_t got = 1; got > 0; all.append(buffer.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0))))
    got = ::recv(file.get(), buffer.data(), buffer.size(), 0);
  return all;
}

TEST(LocalDoor, AUnixSocketIsForTheUserToo) {
  Counted counted;
  const testing::TemporaryDirectory folder;
  const auto path = folder.file("billing.sock");
  const TestDoor door(counted.gateway(), {.unix_path = path});
  EXPECT_THAT(talk_to(path, get("/" + kSecret + "/x", {}, "localhost")), StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(talk_to(path, get("/" + kSecret + "/x", {}, "billing.example.com")), StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(talk_to(path, get("/x", {}, "localhost")), StartsWith("HTTP/1.1 403 "));
  EXPECT_EQ(counted.requests, 2);
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to become another user";
  const auto connect = [&] { return connect_to(path); };
  EXPECT_EQ(as_nobody(connect, get("/" + kSecret + "/x")), "not connected");
  ASSERT_EQ(::chmod(folder.path().c_str(), 0755), 0);  // and were both open to all
  ASSERT_EQ(::chmod(path.c_str(), 0666), 0);
  EXPECT_EQ(as_nobody(connect, get("/" + kSecret + "/x")), "closed");
  EXPECT_EQ(counted.requests, 2);
}

TEST(LocalDoor, SaysThatItCannotListen) {
  net::LoopPool pool(1);
  const Secret secret{std::string_view(kSecret)};
  LocalForwarder::Way way{.site = *Site::of("http://127.0.0.1:1"),
                          .tls = {},
                          .credentials = {},
                          .saw_nonce = {},
                          .renew_nonce = {},
                          .on_refusal = [](const Reply&) {}};
  const auto door = LocalDoor::open(*pool.loops().front(), {.unix_path = "/none/x.sock"},
                                    {secret, OwnerSource::diag, 0}, std::move(way));
  ASSERT_FALSE(door);
  EXPECT_EQ(door.error().reason, Reason::listener_unavailable);
}

}  // namespace
}  // namespace watchword::job
