#include "job/held_body.h"

#include <gtest/gtest.h>

#include <deque>

#include "net/loop.h"

namespace watchword::job {
namespace {

using net::Task;

// Pieces that come when the test says so.
class FedBody final : public http::Body {
 public:
  explicit FedBody(std::optional<std::uint64_t> length = std::nullopt) : length_(length) {}
  Task<Result<std::string_view>> next() override {
    ++awaited;
    if (pieces_.empty()) co_await Fed{*this};
    --awaited;
    shown_ = std::move(pieces_.front());
    pieces_.pop_front();
    if (!shown_) co_return fail(Reason::http_timeout);
    co_return std::string_view(*shown_);
  }
  std::optional<std::uint64_t> length() const override { return length_; }
  bool ready() const override { return !pieces_.empty(); }
  const http::Headers& trailers() const override { return trailers_; }

  void feed(std::optional<std::string> piece) {
    pieces_.push_back(std::move(piece));
    if (const auto waiter = std::exchange(waiter_, nullptr)) waiter.resume();
  }
  int awaited = 0;

 private:
  struct Fed {
    FedBody& body;
    bool await_ready() const { return false; }
    void await_suspend(std::coroutine_handle<> waiter) const { body.waiter_ = waiter; }
    void await_resume() const {}
  };
  std::optional<std::uint64_t> length_;
  std::deque<std::optional<std::string>> pieces_;
  std::optional<std::string> shown_;
  std::coroutine_handle<> waiter_;
  http::Headers trailers_{{"checksum", "1"}};
};

// What came so far, and how it ended.
struct Read {
  std::string text;
  std::string end;
};
Task<void> read_all_of(http::Body& body, Read& into) {
  while (true) {
    const auto piece = co_await body.next();
    if (!piece) co_return void(into.end = name(piece.error().reason));
    if (piece->empty()) co_return void(into.end = "end");
    into.text += *piece;
  }
}

// Nothing of the piece is touched: a request that has ended does not, either.
Task<void> read_one_of(http::Body& body, bool& came) { came = (co_await body.next()).has_value(); }

TEST(HeldBody, IsSentAgainFromItsBeginning) {
  FedBody from;
  HeldBody held(from);
  Read first, second;
  net::spawn(read_all_of(held.attempt(), first));
  from.feed("abc");
  from.feed("def");
  EXPECT_EQ(first.text, "abcdef");
  EXPECT_TRUE(held.repeatable());
  auto& again = held.attempt();
  EXPECT_TRUE(again.ready());
  net::spawn(read_all_of(again, second));
  EXPECT_EQ(second.text, "abcdef");
  EXPECT_EQ(from.awaited, 1);  // never two at once
  from.feed("ghi");            // asked for by the first
  from.feed("");
  EXPECT_EQ(second.text, "abcdefghi");
  EXPECT_EQ(second.end, "end");
  EXPECT_EQ(first.text, "abcdef");
  EXPECT_EQ(first.end, "connection_closed");
  EXPECT_EQ(again.trailers(), (http::Headers{{"checksum", "1"}}));
}

TEST(HeldBody, AWholeBodyIsSentAgainWithItsEnd) {
  FedBody from(3);
  HeldBody held(from);
  EXPECT_TRUE(held.small());
  from.feed("abc");
  from.feed("");
  for (int i = 0; i < 2; ++i) {
    Read read;
    net::spawn(read_all_of(held.attempt(), read));
    EXPECT_EQ(read.text, "abc");
    EXPECT_EQ(read.end, "end");
  }
}

TEST(HeldBody, HoldsNoMoreThanItMay) {
  FedBody from;
  HeldBody held(from);
  EXPECT_FALSE(held.small());
  Read read;
  net::spawn(read_all_of(held.attempt(), read));
  const std::string most(HeldBody::kMost, 'x');
  from.feed(most);
  EXPECT_TRUE(held.repeatable());
  from.feed("y");
  EXPECT_FALSE(held.repeatable());
  from.feed("z");
  from.feed("");
  EXPECT_EQ(read.text, most + "yz");
  EXPECT_FALSE(HeldBody(from).small());
  FedBody announced(HeldBody::kMost + 1);
  EXPECT_FALSE(HeldBody(announced).small());
}

// The second attempt has begun when what the first one asked for turns out to be too much.
TEST(HeldBody, APieceThatIsTooMuchIsNotLostToAnEarlierAttempt) {
  FedBody from;
  HeldBody held(from);
  Read first, second;
  net::spawn(read_all_of(held.attempt(), first));
  from.feed("abc");
  net::spawn(read_all_of(held.attempt(), second));
  const std::string much(HeldBody::kMost, 'x');
  from.feed(much);
  from.feed("");
  EXPECT_EQ(second.text, "abc" + much);
  EXPECT_EQ(second.end, "end");
}

TEST(HeldBody, KeepsNothingOnceItIsLetGo) {
  FedBody from;
  HeldBody held(from);
  Read read;
  net::spawn(read_all_of(held.attempt(), read));
  from.feed("abc");
  held.let_go();
  EXPECT_FALSE(held.repeatable());
  from.feed("def");
  from.feed("");
  EXPECT_EQ(read.text, "abcdef");
  EXPECT_EQ(read.end, "end");
}

TEST(HeldBody, AnErrorIsToldToEachAttempt) {
  FedBody from;
  HeldBody held(from);
  from.feed(std::nullopt);
  for (int i = 0; i < 2; ++i) {
    Read read;
    net::spawn(read_all_of(held.attempt(), read));
    EXPECT_EQ(read.end, "http_timeout");
  }
}

// The request has ended, and with it all but the body itself, while a piece was awaited.
TEST(HeldBody, MayGoWhileAPieceIsAwaited) {
  FedBody from;
  bool came = false;
  {
    HeldBody held(from);
    net::spawn(read_one_of(held.attempt(), came));
  }
  EXPECT_EQ(from.awaited, 1);
  from.feed("abc");
  EXPECT_TRUE(came);
}

}  // namespace
}  // namespace watchword::job
