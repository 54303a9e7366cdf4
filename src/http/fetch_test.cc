#include "http/fetch.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <thread>

namespace watchword::http {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;

// Accepts connections on a loopback port, reads a request and sends the same bytes to each
// ("ORIGIN" in them becomes its own origin); then closes, or
// (`hang`) keeps the connection open until the end of the test.
class FakeServer {
 public:
  explicit FakeServer(std::string answer, bool hang = false) : answer_(std::move(answer)), hang_(hang) {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* raw = reinterpret_cast<sockaddr*>(&address);
    if (bind(listener_, raw, size) != 0 || listen(listener_, 8) != 0 || getsockname(listener_, raw, &size) != 0)
      std::abort();
    port_ = ntohs(address.sin_port);
    if (const std::size_t at = answer_.find("ORIGIN"); at != std::string::npos) answer_.replace(at, 6, url(""));
    thread_ = std::thread([this] { serve(); });
  }
  ~FakeServer() {
    shutdown(listener_, SHUT_RDWR);
    thread_.join();
    close(listener_);
  }
  FakeServer(const FakeServer&) = delete;
  FakeServer& operator=(const FakeServer&) = delete;

  std::string url(std::string_view path = "/keys") const {
    return "http://127.0.0.1:" + std::to_string(port_) + std::string(path);
  }
  int requests() const { return requests_; }
  std::string request() const {  // the last one; only after the fetch has returned
    return requests() > 0 ? request_ : std::string();
  }

 private:
  void serve() {
    std::vector<int> open;
    for (int peer = 0; (peer = accept(listener_, nullptr, nullptr)) >= 0;) {
      std::string head;
      char piece[4096];
      while (head.find("\r\n\r\n") == std::string::npos) {
        const ssize_t size = recv(peer, piece, sizeof piece, 0);
        if (size <= 0) break;
        head.append(piece, static_cast<std::size_t>(size));
        if (head.starts_with('\x16')) break;  // a TLS client; it gets the answer in plain
      }
      const std::size_t body_at = head.find("\r\n\r\n") + 4;
      const std::size_t length_at = head.find("Content-Length: ");
      const std::size_t end = length_at < body_at ? body_at + std::stoul(head.substr(length_at + 16)) : 0;
      while (head.size() < end) {
        const ssize_t size = recv(peer, piece, sizeof piece, 0);
        if (size <= 0) break;
        head.append(piece, static_cast<std::size_t>(size));
      }
      request_ = head;
      ++requests_;
      std::string_view rest = answer_;
      while (!rest.empty()) {
        const ssize_t sent = send(peer, rest.data(), rest.size(), MSG_NOSIGNAL);
        if (sent <= 0) break;
        rest.remove_prefix(static_cast<std::size_t>(sent));
      }
      if (hang_) {
        open.push_back(peer);
      } else {
        shutdown(peer, SHUT_WR);
        while (recv(peer, piece, sizeof piece, 0) > 0) {
        }
        close(peer);
      }
    }
    for (int peer : open) close(peer);
  }

  std::string answer_;
  bool hang_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<int> requests_ = 0;
  std::string request_;
  std::thread thread_;
};

FetchOptions loopback_options() {
  FetchOptions options;
  options.allow_loopback_http = true;
  options.total_time = milliseconds(2000);
  return options;
}

Result<FetchReply> fetch(const std::string& url, std::size_t max_bytes = 1 << 20) {
  FetchOptions options = loopback_options();
  options.max_bytes = max_bytes;
  return CurlFetcher().get(url, options);
}

Result<FetchReply> send_token(const std::string& url, std::string_view token, std::string method = "GET",
                              std::string body = {}) {
  FetchRequest request{.method = std::move(method), .url = url, .body = std::move(body)};
  request.headers.emplace_back("PRIVATE-TOKEN", Secret(token));
  return CurlFetcher().send(request, loopback_options());
}

std::string answer(std::string_view head, std::string_view body) {
  return "HTTP/1.1 200 OK\r\nConnection: close\r\n" + std::string(head) + "\r\n" + std::string(body);
}

void expect_unavailable(const Result<FetchReply>& reply, std::string_view found) {
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().reason, Reason::issuer_unavailable);
  EXPECT_THAT(reply.error().found, HasSubstr(found));
}

TEST(Fetch, ReadsADocumentAndHowLongItStaysFresh) {
  const FakeServer server(
      answer("Content-Type: Application/JSON; charset=utf-8\r\n"
             "Cache-Control: public\r\ncache-control: Max-Age=300, x\r\nContent-Length: 2\r\n",
             "{}"));
  const auto reply = fetch(server.url("/keys?a=b"));
  ASSERT_TRUE(reply) << to_string(reply.error());
  EXPECT_EQ(reply->status, 200);
  EXPECT_EQ(reply->body, "{}");
  EXPECT_EQ(reply->content_type, "application/json");
  EXPECT_EQ(reply->max_age, std::chrono::seconds(300));
  EXPECT_THAT(server.request(), ::testing::StartsWith("GET /keys?a=b HTTP/1.1\r\nHost: 127.0.0.1:"));
}

TEST(Fetch, TakesNoFreshnessFromAnUnreadableCacheControl) {
  for (const char* value :
       {"no-store", "max-age=", "max-age=-1", "max-age=x", "max-age=99999999999", "s-maxage=5", "max-age=\"5\""}) {
    const FakeServer server(answer("Content-Length: 0\r\nCache-Control: " + std::string(value) + "\r\n", ""));
    const auto reply = fetch(server.url());
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->max_age, std::nullopt) << value;
  }
}

TEST(Fetch, FollowsNoRedirect) {
  const FakeServer elsewhere(answer("Content-Length: 2\r\n", "{}"));
  const FakeServer server("HTTP/1.1 302 Found\r\nLocation: " + elsewhere.url() +
                          "\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
  const auto reply = fetch(server.url());
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status, 302);
  EXPECT_EQ(elsewhere.requests(), 0);
}

TEST(Fetch, TellsHtmlByItsType) {
  const FakeServer server(answer("Content-Type: text/html\r\n", "<html>Sign in</html>"));
  const auto reply = fetch(server.url());
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->content_type, "text/html");
}

TEST(Fetch, RefusesAnswersBeyondTheLimit) {
  const std::string body(2000, 'x');
  const FakeServer announced(answer("Content-Length: 2000\r\n", body));
  expect_unavailable(fetch(announced.url(), 1999), "an answer of more than 1999 bytes");
  EXPECT_TRUE(fetch(announced.url(), 2000));
  const FakeServer until_close(answer("", body));
  expect_unavailable(fetch(until_close.url(), 1999), "an answer of more than 1999 bytes");
  const FakeServer chunked(answer("Transfer-Encoding: chunked\r\n", "7d0\r\n" + body + "\r\n0\r\n\r\n"));
  expect_unavailable(fetch(chunked.url(), 1999), "an answer of more than 1999 bytes");
}

TEST(Fetch, RefusesEndlessHeaders) {
  std::string headers;
  for (int i = 0; i < 1000; ++i) headers += "X-" + std::to_string(i) + ": " + std::string(100, 'x') + "\r\n";
  const FakeServer server(answer(headers, "{}"));
  expect_unavailable(fetch(server.url()), "huge headers");
}

TEST(Fetch, GivesUpOnAHangingServer) {
  for (const char* start : {"", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"}) {
    const FakeServer server(start, true);
    FetchOptions options;
    options.allow_loopback_http = true;
    options.total_time = milliseconds(200);
    expect_unavailable(CurlFetcher().get(server.url(), options), "Timeout");
  }
}

TEST(Fetch, RefusesAnswersThatAreCutShortOrNoHttp) {
  for (const auto& bytes : {answer("Content-Length: 9\r\n", "{}"), answer("Transfer-Encoding: chunked\r\n", "5\r\nab"),
                            std::string("{}\n"), std::string()}) {
    const FakeServer server(bytes);
    const auto reply = fetch(server.url());
    expect_unavailable(reply, "");
    EXPECT_EQ(reply.error().where, server.url());
  }
}

TEST(Fetch, SpeaksPlainHttpTowardsLoopbackOnlyAndByChoiceOnly) {
  const FakeServer server(answer("Content-Length: 0\r\n", ""));
  expect_unavailable(CurlFetcher().get(server.url(), {}), "a URL without TLS");
  EXPECT_EQ(server.requests(), 0);
  for (const char* url :
       {"http://example.com/", "http://127.0.0.1.example.com/", "http://127.1/", "http://2130706433/",
        "http://0x7f.0.0.1/", "http://localhost.example.com/", "http://128.0.0.1/", "http://0.0.0.0/"})
    expect_unavailable(fetch(url), "a URL without TLS");
  for (const char* url : {"file:///etc/passwd", "ftp://127.0.0.1/", "gopher://127.0.0.1/", "127.0.0.1", "", "https://"})
    expect_unavailable(fetch(url), "URL");
}

TEST(Fetch, DemandsTlsWhereTheUrlSaysHttps) {
  const FakeServer server(answer("Content-Length: 0\r\n", ""));
  expect_unavailable(fetch("https" + server.url().substr(4)), "SSL");
}

TEST(Fetch, KeepsPasswordsOfAUrlOutOfErrors) {
  const auto reply = fetch("https://user:s3cret@example.com/");
  expect_unavailable(reply, "user info");
  EXPECT_THAT(to_string(reply.error()), Not(HasSubstr("s3cret")));
}

TEST(Fetch, SendsMethodHeadersAndAJsonBody) {
  for (const std::string method : {"POST", "PUT", "DELETE"}) {
    const FakeServer server(answer("Content-Length: 2\r\n", "{}"));
    ASSERT_TRUE(send_token(server.url(), "glpat-s3cret", method, R"({"a":1})"));
    EXPECT_THAT(server.request(), ::testing::StartsWith(method + " /keys HTTP/1.1\r\n"));
    EXPECT_THAT(server.request(), HasSubstr("\r\nPRIVATE-TOKEN: glpat-s3cret\r\n"));
    EXPECT_THAT(server.request(), HasSubstr("\r\nContent-Type: application/json\r\n"));
    EXPECT_THAT(server.request(), ::testing::EndsWith("\r\n\r\n{\"a\":1}"));
    EXPECT_THAT(server.request(), Not(HasSubstr("Expect")));
  }
}

TEST(Fetch, SendsNoBodyWhereNoneIsGiven) {
  for (const std::string method : {"GET", "DELETE"}) {
    const FakeServer server(answer("Content-Length: 2\r\n", "{}"));
    ASSERT_TRUE(send_token(server.url(), "t", method));
    EXPECT_THAT(server.request(), ::testing::StartsWith(method + " /keys HTTP/1.1\r\n"));
    EXPECT_THAT(server.request(), Not(HasSubstr("Content-")));
  }
  const FakeServer server(answer("Content-Length: 2\r\n", "{}"));
  ASSERT_TRUE(send_token(server.url(), "t", "POST"));
  EXPECT_THAT(server.request(), HasSubstr("Content-Length: 0\r\n"));
}

TEST(Fetch, KeepsHeaderValuesOutOfErrors) {
  const FakeServer hanging("", true);
  FetchOptions options = loopback_options();
  options.total_time = milliseconds(100);
  FetchRequest request{.url = hanging.url()};
  request.headers.emplace_back("PRIVATE-TOKEN", Secret(std::string_view("glpat-s3cret")));
  const auto late = CurlFetcher().send(request, options);
  expect_unavailable(late, "Timeout");
  EXPECT_THAT(to_string(late.error()), Not(HasSubstr("s3cret")));

  const FakeServer server(answer("Content-Length: 2\r\n", "{}"));
  for (const std::string& token :
       {std::string("s3cret\r\nX-Admin: yes"), std::string("s3cret\n"), std::string("s3cret\0", 7)}) {
    const auto reply = send_token(server.url(), token);
    expect_unavailable(reply, "a header 'PRIVATE-TOKEN' that cannot be sent");
    EXPECT_THAT(to_string(reply.error()), Not(HasSubstr("s3cret")));
  }
  expect_unavailable(send_token(server.url(), ""), "cannot be sent");
  EXPECT_EQ(server.requests(), 0);
}

TEST(Fetch, ReadsTheServersClockThroughACache) {
  const auto date = [](const std::string& headers) {
    const FakeServer server("HTTP/1.1 200 OK\r\n" + headers + "Content-Length: 0\r\nConnection: close\r\n\r\n");
    return fetch(server.url())->date;
  };
  EXPECT_EQ(date("Date: Tue, 15 Nov 1994 08:12:31 GMT\r\n"), from_unix(784'887'151));
  EXPECT_EQ(date("Date: Tue, 15 Nov 1994 08:12:31 GMT\r\nAge: 60\r\n"), from_unix(784'887'211));
  EXPECT_EQ(date("Date: yesterday\r\n"), std::nullopt);
  EXPECT_EQ(date(""), std::nullopt);
}

TEST(Fetch, ReadsWhenToComeBackFrom429And503Only) {
  const auto retry_after = [](const std::string& status, const std::string& value) {
    const FakeServer server("HTTP/1.1 " + status + " X\r\nRetry-After: " + value +
                            "\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    return fetch(server.url())->retry_after;
  };
  EXPECT_EQ(retry_after("429", "42"), std::chrono::seconds(42));
  EXPECT_EQ(retry_after("503", "7"), std::chrono::seconds(7));
  EXPECT_EQ(retry_after("200", "42"), std::nullopt);
  for (const char* value : {"Fri, 31 Dec 1999 23:59:59 GMT", "-1", "1.5", "99999999999"})
    EXPECT_EQ(retry_after("429", value), std::nullopt) << value;
}

TEST(Fetch, TakesTheNextPageOfTheSameOriginOnly) {
  const auto next = [](const std::string& target, const std::string& prefix = "") {
    const FakeServer server(answer("Link: " + prefix + "<" + target + ">; rel=\"next\"\r\nContent-Length: 0\r\n", ""));
    return fetch(server.url())->next_page;
  };
  for (const char* target : {"https://example.com/x?page=2", "http://127.0.0.1:1/x?page=2", "http://localhost/x",
                             "/x?page=2", "", "file:///etc/passwd", "http://u@127.0.0.1/x"})
    EXPECT_EQ(next(target), "") << target;

  EXPECT_THAT(next("ORIGIN/x?page=2"), ::testing::EndsWith("/x?page=2"));
  EXPECT_THAT(next("ORIGIN/x?page=3", "<https://example.com/>; rel=\"prev\"\r\nLink: "),
              ::testing::EndsWith("/x?page=3"));
}

class Environment {
 public:
  Environment(const char* name, const std::string& value) : name_(name) { setenv(name, value.c_str(), 1); }
  ~Environment() { unsetenv(name_); }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

 private:
  const char* name_;
};

TEST(Fetch, HonoursAProxyButNeverForLoopback) {
  const FakeServer proxy("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
  const FakeServer server(answer("Content-Length: 2\r\n", "{}"));
  const Environment https("https_proxy", proxy.url(""));
  const Environment http("http_proxy", proxy.url(""));
  EXPECT_TRUE(fetch(server.url()));
  EXPECT_EQ(proxy.requests(), 0);
  expect_unavailable(send_token("https://issuer.example.com/keys", "glpat-s3cret"), "");
  EXPECT_EQ(proxy.requests(), 1);
  EXPECT_THAT(proxy.request(), ::testing::StartsWith("CONNECT issuer.example.com:443 HTTP/1.1\r\n"));
  EXPECT_THAT(proxy.request(), Not(HasSubstr("s3cret")));
}

}  // namespace
}  // namespace watchword::http
