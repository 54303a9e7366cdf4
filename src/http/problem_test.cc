#include "http/problem.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace watchword::http {
namespace {

using ::testing::HasSubstr;
using ::testing::Pointee;

TEST(Problem, EachReasonHasAnErrorStatus) {
  for (const Reason reason : all_reasons()) {
    EXPECT_GE(status_of(reason), 400) << name(reason);
    EXPECT_LE(status_of(reason), 599) << name(reason);
    EXPECT_FALSE(reason_phrase(status_of(reason)).empty()) << name(reason);
  }
}

TEST(Problem, TlsIsDemandedOverTlsOnly) {
  Headers plain, encrypted;
  demand_tls(plain, "http");
  demand_tls(encrypted, "https");
  EXPECT_TRUE(plain.empty());
  EXPECT_EQ(encrypted, (Headers{{"strict-transport-security", "max-age=31536000"}}));
}

TEST(Problem, StatusTellsWhoIsToBlame) {
  const std::vector<std::pair<Reason, int>> cases = {
      {Reason::token_expired, 401},     {Reason::dpop_replayed, 401},      {Reason::no_binding, 403},
      {Reason::http_malformed, 400},    {Reason::path_ambiguous, 400},     {Reason::http_too_large, 413},
      {Reason::http_timeout, 408},      {Reason::method_not_allowed, 405}, {Reason::host_unknown, 404},
      {Reason::upstream_timeout, 504},  {Reason::upstream_malformed, 502}, {Reason::overloaded, 503},
      {Reason::store_unavailable, 503}, {Reason::internal, 500},           {Reason::upgrade_unsupported, 501},
      {Reason::limit_reached, 429}};
  for (const auto& [reason, status] : cases) EXPECT_EQ(status_of(reason), status) << name(reason);
}

TEST(Problem, AnUnverifiedCallerLearnsTheReasonAndTheRecordOnly) {
  const Error error{Reason::no_binding, "ref 'feature/x'", "ref 'main'", "policy/billing.yaml:12:3", "run on main"};
  const Json body = problem(error, false, "rec-1");
  EXPECT_EQ(body.string_or("reason", ""), "no_binding");
  EXPECT_EQ(body.string_or("type", ""), "urn:watchword:reason:no_binding");
  EXPECT_EQ(body.string_or("record", ""), "rec-1");
  EXPECT_EQ(body.string_or("fix", ""), describe(Reason::no_binding).fix);
  EXPECT_THAT(body.find_integer("status"), Pointee(403));
  for (const char* hidden : {"feature/x", "main", "billing.yaml"}) EXPECT_THAT(body.dump(), Not(HasSubstr(hidden)));
}

TEST(Problem, AVerifiedCallerLearnsWhatWasFoundAndHowToMendIt) {
  const Error error{Reason::no_binding, "ref 'feature/x'", "ref 'main'", {}, "run on main"};
  const Json body = problem(error, true);
  EXPECT_EQ(body.string_or("detail", ""), "found ref 'feature/x', expected ref 'main'");
  EXPECT_EQ(body.string_or("found", ""), "ref 'feature/x'");
  EXPECT_EQ(body.string_or("expected", ""), "ref 'main'");
  EXPECT_EQ(body.string_or("fix", ""), "run on main");
  EXPECT_EQ(body.find("record"), nullptr);
}

class RecordingWriter final : public Writer {
 public:
  net::Task<Status> begin(ResponseHead) override { co_return Status(); }
  net::Task<Status> write(std::string_view) override { co_return Status(); }
  net::Task<Status> end(Headers) override { co_return Status(); }
  net::Task<Status> send(ResponseHead h, std::string_view b) override {
    head = std::move(h);
    body = b;
    co_return Status();
  }
  bool begun() const override { return false; }
  void abort() override {}

  ResponseHead head;
  std::string body;
};

TEST(Problem, IsNeverCached) {
  RecordingWriter writer;
  net::Task<Status> sending = send_problem(writer, 431, problem({Reason::http_too_large, {}, {}, {}, {}}, false),
                                           {{"www-authenticate", "Bearer"}, {"cache-control", "public"}});
  sending.await_suspend(std::noop_coroutine()).resume();  // the writer never suspends, so this runs to the end
  EXPECT_TRUE(sending.await_resume());
  EXPECT_EQ(writer.head.status, 431);
  EXPECT_THAT(writer.head.headers.find("cache-control"), Pointee(std::string("no-store")));
  EXPECT_THAT(writer.head.headers.find("content-type"), Pointee(std::string("application/problem+json")));
  EXPECT_THAT(writer.head.headers.find("www-authenticate"), Pointee(std::string("Bearer")));
  EXPECT_THAT(writer.body, HasSubstr("\"status\":431"));
}

}  // namespace
}  // namespace watchword::http
