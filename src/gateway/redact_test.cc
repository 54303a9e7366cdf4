// A secret that a backend sends back reaches no client, wherever the answer is cut into pieces.
#include "gateway/redact.h"

#include <gtest/gtest.h>

#include <deque>

#include "net/loop.h"

namespace watchword::gateway {
namespace {

std::vector<Secret> secrets_of(std::string_view prefix, std::string_view secret) {
  std::vector<Secret> all;
  add_redacted(prefix, Secret(secret), all);
  return all;
}

std::string in_pieces(const std::vector<Secret>& secrets, std::initializer_list<std::string_view> pieces) {
  Redactor redactor(secrets);
  std::string out;
  for (const auto piece : pieces) out += redactor.feed(piece);
  return out += redactor.finish();
}

TEST(Redact, MasksTheWholeAndTheBareCredential) {
  const auto secrets = secrets_of("Bearer ", "s3cr3t-token");
  EXPECT_EQ(secrets.size(), 2u);
  EXPECT_EQ(redacted("got Bearer s3cr3t-token.", secrets), "got *******************.");
  EXPECT_EQ(redacted("got s3cr3t-token s3cr3t-toke", secrets), "got ************ s3cr3t-toke");
  EXPECT_EQ(redacted("Bearer of news", secrets), "Bearer of news");
  const auto basic = secrets_of("", "Basic dXNlcjpwYXNz");
  EXPECT_EQ(redacted("dXNlcjpwYXNz Basic dXNlcjpwYXNz", basic), "************ ******************");
}

TEST(Redact, LooksForNothingThatStandsInAnyText) {
  EXPECT_TRUE(secrets_of("", "42").empty());
  EXPECT_TRUE(secrets_of("", "7 bytes").empty());
  EXPECT_EQ(secrets_of("Bearer ", "short").size(), 1u) << "only the whole";
  EXPECT_EQ(secrets_of("", "8 letter").size(), 1u);
}

TEST(Redact, MasksWhereverTheTextIsCut) {
  const auto secrets = secrets_of("Token ", "abcabcabd");
  const std::string text = "abc Token abcabcabd abcabcabcabd Token abcabcab";
  const std::string masked = redacted(text, secrets);
  ASSERT_EQ(masked, "abc *************** abc********* Token abcabcab");
  const std::string_view all(text);
  for (std::size_t first = 0; first <= all.size(); ++first) {
    EXPECT_EQ(in_pieces(secrets, {all.substr(0, first), all.substr(first)}), masked) << first;
    for (std::size_t second = first; second <= all.size(); ++second)
      ASSERT_EQ(in_pieces(secrets, {all.substr(0, first), all.substr(first, second - first), all.substr(second)}),
                masked)
          << first << " " << second;
  }
}

TEST(Redact, MasksBytesThatComeOneByOneAndOverlapOneAnother) {
  const auto secrets = secrets_of("", "aabaabaa");
  const std::string text = "xaabaabaabaabaab aabaabaa";
  Redactor redactor(secrets);
  std::string out;
  for (const char byte : text) {
    const auto passed = redactor.feed({&byte, 1});
    EXPECT_LE(passed.size(), secrets[0].reveal().size());
    out += passed;
  }
  out += redactor.finish();
  EXPECT_EQ(out, redacted(text, secrets));
  EXPECT_EQ(out, "x**************b ********");
}

TEST(Redact, HoldsNothingBackThatBeginsNoSecret) {
  const auto secrets = secrets_of("Bearer ", "s3cr3t-token");
  Redactor redactor(secrets);
  EXPECT_EQ(redactor.feed("data: hello\n\n"), "data: hello\n\n");
  EXPECT_EQ(redactor.feed("Bear"), "");
  EXPECT_EQ(redactor.feed("ings\n"), "Bearings\n");
}

class Pieces final : public http::Body {
 public:
  explicit Pieces(std::deque<std::string> pieces) : pieces_(std::move(pieces)) {}
  net::Task<Result<std::string_view>> next() override {
    if (pieces_.empty()) co_return std::string_view();
    shown_ = std::move(pieces_.front());
    pieces_.pop_front();
    if (shown_ == "broken") co_return fail(Reason::connection_closed);
    co_return std::string_view(shown_);
  }
  bool ready() const override { return true; }
  std::optional<std::uint64_t> length() const override { return 99; }
  const http::Headers& trailers() const override { return trailers_; }

 private:
  std::deque<std::string> pieces_;
  std::string shown_;
  http::Headers trailers_{{"x-sum", "1"}};
};

TEST(Redact, ABodyEndsOnceAndWithWhatWasHeld) {
  const auto secrets = secrets_of("", "aabaabaa");
  Pieces pieces({"x", "aab", "aab"});
  RedactedBody body(pieces, secrets);
  EXPECT_EQ(body.length(), 99u);
  EXPECT_EQ(net::run_blocking(body.next()).value(), "x");
  EXPECT_EQ(net::run_blocking(body.next()).value(), "aabaab");
  EXPECT_EQ(net::run_blocking(body.next()).value(), "");
  EXPECT_EQ(net::run_blocking(body.next()).value(), "");
  EXPECT_EQ(body.trailers().size(), 1u);
}

TEST(Redact, ABrokenBodyShowsNothingOfWhatWasHeld) {
  const auto secrets = secrets_of("", "aabaabaa");
  Pieces pieces({"aabaaba", "broken"});
  RedactedBody body(pieces, secrets);
  EXPECT_EQ(net::run_blocking(body.next()).error().reason, Reason::connection_closed);
}

TEST(Redact, KnowsABodyInWhichNothingCanBeFound) {
  EXPECT_FALSE(is_encoded({{"content-type", "text/plain"}, {"content-encoding", "Identity"}}));
  EXPECT_TRUE(is_encoded({{"content-encoding", "gzip"}}));
  EXPECT_TRUE(is_encoded({{"content-encoding", "identity, gzip"}}));
  EXPECT_TRUE(is_encoded({{"grpc-encoding", "gzip"}}));
}

}  // namespace
}  // namespace watchword::gateway
