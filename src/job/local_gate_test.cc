// The local gate as a run sees it: doors to all its resources, with the credentials of its accesses.
#include "job/local_gate.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>

#include "job/test_gate.h"
#include "net/loop.h"
#include "support/temporary_directory.h"

namespace watchword::job {
namespace {

namespace fs = std::filesystem;
using net::Task;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// A gateway that answers with what it was asked, and grants tunnels that echo.
Task<void> gateway(http::Exchange& exchange) {
  const auto& request = exchange.request;
  if (request.method == "CONNECT") {
    (void)co_await exchange.reply.begin({});
    const auto piece = co_await exchange.body.next();
    const auto* credential = request.headers.find("proxy-authorization");
    (void)co_await exchange.reply.write(request.authority + " " + (credential ? *credential : "none") + " " +
                                        std::string(*piece));
    co_return void(co_await exchange.reply.end());
  }
  std::string text = request.target;
  for (const auto* name : {"authorization", "dpop"})
    if (const auto* value = request.headers.find(name)) text += " " + std::string(name) + "=" + *value;
  (void)co_await exchange.reply.send({}, text);
}

TestAnswer granted_at(const net::Address& at, const std::string& resource, const std::string& kind) {
  auto answer = granted(resource);
  auto place = Json::object({{"name", resource}, {"kind", kind}, {"url", "http://" + net::to_string(at)}});
  if (kind == "tcp") place.set("port", 5432);
  answer.body.set("resources", Json::array().push(std::move(place)));
  return answer;
}

class LocalGateTest : public ::testing::Test {
 protected:
  LocalGateTest() {
    for (auto* access : {&api_, &database_}) {
      const auto reply = net::run_blocking(access->renew());
      EXPECT_TRUE(reply && reply->status == 200);
    }
  }

  http::TestServer gateway_{gateway};
  TestGate gate_{{granted_at(gateway_.address(), "billing-api", "api"), granted_at(gateway_.address(), "db", "tcp")}};
  TestHolder holder_{gate_.origin()};
  Access api_{holder_.holder, {"billing-api", {}}};
  Access database_{holder_.holder, {"db", {}}};
};

TEST_F(LocalGateTest, OpensADoorForEachResource) {
  auto gate = LocalGate::start({&api_, &database_}, holder_.holder, {});
  ASSERT_TRUE(gate) << to_string(gate.error());
  const auto& doors = (*gate)->doors();
  const std::string secret((*gate)->run_secret().reveal());
  EXPECT_GE(secret.size(), 22u);  // 128 bits in base64url
  ASSERT_EQ(doors.size(), 2u);
  EXPECT_EQ(doors[0].url, "http://127.0.0.1:" + std::to_string(doors[0].port) + "/" + secret);
  EXPECT_EQ(doors[1].url, "tcp://127.0.0.1:" + std::to_string(doors[1].port));
  EXPECT_EQ(doors[1].host, "127.0.0.1");
  EXPECT_NE(doors[0].port, doors[1].port);

  const net::Address api{.host = "127.0.0.1", .port = doors[0].port}, db{.host = "127.0.0.1", .port = doors[1].port};
  const auto answer = http::talk(api, "GET /" + secret + "/x HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(answer, HasSubstr("/x authorization=DPoP eyJ0.e30.c2ln dpop=ey"));
  EXPECT_THAT(http::talk(db, "hello"), StartsWith("db:5432 DPoP eyJ0.e30.c2ln hello"));
}

TEST_F(LocalGateTest, EachRunHasASecretOfItsOwn) {
  auto first = LocalGate::start({&api_}, holder_.holder, {}), second = LocalGate::start({&api_}, holder_.holder, {});
  ASSERT_TRUE(first && second);
  const std::string secret((*first)->run_secret().reveal());
  EXPECT_NE(secret, (*second)->run_secret().reveal());
  const net::Address other{.host = "127.0.0.1", .port = (*second)->doors()[0].port};
  EXPECT_THAT(http::talk(other, "GET /" + secret + "/x HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"),
              StartsWith("HTTP/1.1 403 "));
}

// Where $TMPDIR is `folder`, and there is no $XDG_RUNTIME_DIR.
class TemporaryFolder {
 public:
  explicit TemporaryFolder(const std::string& folder) {
    keep(tmpdir_, "TMPDIR");
    keep(runtime_, "XDG_RUNTIME_DIR");
    ::setenv("TMPDIR", folder.c_str(), 1);
    ::unsetenv("XDG_RUNTIME_DIR");
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    restore(tmpdir_, "TMPDIR");
    restore(runtime_, "XDG_RUNTIME_DIR");
  }

 private:
  static void keep(std::optional<std::string>& value, const char* name) {
    if (const char* now = std::getenv(name)) value = now;
  }
  static void restore(const std::optional<std::string>& value, const char* name) {
    if (value)
      ::setenv(name, value->c_str(), 1);
    else
      ::unsetenv(name);
  }
  std::optional<std::string> tmpdir_, runtime_;
};

TEST_F(LocalGateTest, OpensUnixSocketsThatAreGoneAfterwards) {
  const testing::TemporaryDirectory place;
  const TemporaryFolder temporary(place.path());
  auto gate = LocalGate::start({&api_, &database_}, holder_.holder, {.unix_sockets = true, .on_refusal = {}});
  ASSERT_TRUE(gate) << to_string(gate.error());
  const auto& doors = (*gate)->doors();
  EXPECT_THAT(doors[0].socket, StartsWith(place.path() + "/watchword-"));
  EXPECT_THAT(doors[0].socket, EndsWith("/billing-api.sock"));
  EXPECT_THAT(doors[1].socket, EndsWith("/db.sock"));
  EXPECT_EQ(doors[0].url,
            "http+unix://" + http::percent_encode(doors[0].socket) + "/" + std::string((*gate)->run_secret().reveal()));
  EXPECT_EQ(doors[1].url, "unix://" + http::percent_encode(doors[1].socket));
  EXPECT_EQ(doors[0].host + doors[1].host, "");
  for (const auto& door : doors) {
    struct stat info{};
    ASSERT_EQ(::stat(door.socket.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 07777, 0600u);
  }
  gate->reset();
  EXPECT_TRUE(fs::is_empty(place.path()));
}

TEST_F(LocalGateTest, AFolderThatIsTooDeepIsNoPlaceForSockets) {
  const testing::TemporaryDirectory place;
  const auto deep = place.file(std::string(100, 'x'));
  fs::create_directory(deep);
  const TemporaryFolder temporary(deep);
  const auto gate = LocalGate::start({&api_}, holder_.holder, {.unix_sockets = true, .on_refusal = {}});
  ASSERT_FALSE(gate);
  EXPECT_EQ(gate.error().reason, Reason::listener_unavailable);
  EXPECT_THAT(gate.error().fix, HasSubstr("TMPDIR"));
  EXPECT_TRUE(fs::is_empty(deep));
}

}  // namespace
}  // namespace watchword::job
