#include "cli/doctor_clock.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace watchword::cli {
namespace {

using std::chrono::seconds;
using ::testing::HasSubstr;

// Answers with this Date, after this long.
class Server final : public http::Fetcher {
 public:
  explicit Server(ManualClock& clock) : clock_(clock) {}
  Result<http::FetchReply> send(const http::FetchRequest&, const http::FetchOptions&) override {
    clock_.advance(takes);
    return http::FetchReply{.status = 200, .content_type = {}, .max_age = std::nullopt, .date = date, .body = {}};
  }
  std::optional<Time> date;
  Duration takes = seconds(0);

 private:
  ManualClock& clock_;
};

class DoctorClock : public ::testing::Test {
 protected:
  // What is so of the host after these answers.
  Checks checks() const {
    Checks found;
    check_clocks(watch_.ahead(), found);
    return found;
  }
  void ask(std::optional<Duration> ahead, Duration takes = seconds(0)) {
    server_.date = ahead ? std::optional(clock_.now() + *ahead) : std::nullopt;
    server_.takes = takes;
    ASSERT_TRUE(watch_.get("https://gitlab.example.com/oauth/discovery/keys", {}));
  }
  ManualClock clock_{from_unix(1'795'000'000)};
  Server server_{clock_};
  ClockWatch watch_{server_, clock_};
};

TEST_F(DoctorClock, ThirtySecondsEitherWayAreBorne) {
  ask(seconds(30));
  ask(-seconds(31));  // and a second that the header cuts off
  ASSERT_EQ(checks().size(), 1u);
  EXPECT_FALSE(checks().front().trouble);
  EXPECT_EQ(checks().front().name, "clock gitlab.example.com");
}

TEST_F(DoctorClock, MoreThanThatIsTroubleAndSaysWhichWay) {
  ask(seconds(31));
  ASSERT_TRUE(checks().front().trouble);
  EXPECT_EQ(checks().front().trouble->reason, Reason::token_issued_in_future);
  EXPECT_THAT(checks().front().trouble->found, HasSubstr("31 s ahead"));
  ask(-seconds(120));
  EXPECT_EQ(checks().front().trouble->reason, Reason::token_expired) << "the largest counts";
  EXPECT_THAT(checks().front().trouble->found, HasSubstr("119 s behind"));
}

TEST_F(DoctorClock, ASlowAnswerIsNoWrongClock) {
  ask(seconds(0), seconds(45));
  ask(seconds(45), seconds(45));
  EXPECT_THAT(checks().front().detail, HasSubstr("within 1 s"));
}

TEST_F(DoctorClock, WithoutADateNothingIsSaid) {
  ask(std::nullopt);
  EXPECT_TRUE(checks().empty());
}

}  // namespace
}  // namespace watchword::cli
