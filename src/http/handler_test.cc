#include "http/handler.h"

#include <gmock/gmock.h>

#include "http/test_backend.h"

namespace watchword::http {
namespace {

// One byte after the other, without end.
class Trickle final : public Body {
 public:
  Task<Result<std::string_view>> next() override { co_return std::string_view("x"); }
  std::optional<std::uint64_t> length() const override { return std::nullopt; }
  const Headers& trailers() const override { return trailers_; }

 private:
  Headers trailers_;
};

std::string outcome(Body& body, std::size_t most, net::Steady::duration within = std::chrono::seconds(30)) {
  const auto text = net::run_blocking(read_all(body, most, within));
  return text ? *text : std::string(name(text.error().reason));
}

TEST(ReadAll, TakesABodyUpToTheLimit) {
  PiecesBody exact({"ab", "c"}, std::nullopt), longer({"ab", "cd"}, std::nullopt), announced({"a"}, 4), none({}, 0),
      failing({"a", std::nullopt}, std::nullopt);
  EXPECT_EQ(outcome(exact, 3), "abc");
  EXPECT_EQ(outcome(longer, 3), "http_too_large");
  EXPECT_EQ(outcome(announced, 3), "http_too_large");
  EXPECT_EQ(announced.asked, 0);  // the announcement was enough
  EXPECT_EQ(outcome(none, 0), "");
  EXPECT_EQ(outcome(failing, 3), "http_too_large");
}

TEST(ReadAll, ABodyThatTricklesSteadilyHasAnEndToo) {
  Trickle trickle;
  EXPECT_EQ(outcome(trickle, std::size_t{1} << 40, std::chrono::milliseconds(5)), "http_timeout");
  PiecesBody in_time({"ab", "c"}, 3);
  EXPECT_EQ(outcome(in_time, 3), "abc");
}

}  // namespace
}  // namespace watchword::http
