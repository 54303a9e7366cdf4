#include "base/random.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <set>
#include <vector>

#include "base/encoding.h"

namespace watchword {
namespace {

class FixedRandom final : public Random {
 public:
  explicit FixedRandom(std::uint8_t value) : value_(value) {}
  void fill(std::span<std::uint8_t> out) override { std::ranges::fill(out, value_); }

 private:
  std::uint8_t value_;
};

TEST(Ulid, HasTheTimeFirstThenTheRandomBits) {
  FixedRandom zeros(0), ones(0xff);
  const Time time = Time(std::chrono::milliseconds(1469918176385));  // the example of the ULID specification
  EXPECT_EQ(make_ulid(time, zeros), "01ARYZ6S410000000000000000");
  EXPECT_EQ(make_ulid(time, ones), "01ARYZ6S41ZZZZZZZZZZZZZZZZ");
  EXPECT_EQ(make_ulid(Time(std::chrono::seconds(-1)), zeros), "00000000000000000000000000");
}

TEST(Ulid, SortsByTimeAndNeverRepeats) {
  SeededRandom random(7);
  std::set<std::string> seen;
  std::string last;
  for (int ms = 1; ms <= 1000; ++ms) {
    const std::string ulid = make_ulid(Time(std::chrono::milliseconds(ms)), random);
    EXPECT_EQ(ulid.size(), 26U);
    EXPECT_LT(last, ulid);
    last = ulid;
    EXPECT_TRUE(seen.insert(ulid.substr(10)).second);
  }
}

TEST(SystemRandom, GivesAForkedChildOtherBytesThanItsParent) {
  SystemRandom random;
  std::array<std::uint8_t, 16> mine{}, childs{};
  random.fill(mine);  // from here on the parent has bytes in reserve
  std::array<int, 2> pipe{};
  ASSERT_EQ(::pipe(pipe.data()), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    random.fill(childs);
    ::_exit(::write(pipe[1], childs.data(), childs.size()) == 16 ? 0 : 1);
  }
  ASSERT_GT(child, 0);
  random.fill(mine);
  ASSERT_EQ(::read(pipe[0], childs.data(), childs.size()), 16);
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_NE(mine, childs);
  ::close(pipe[0]);
  ::close(pipe[1]);
}

TEST(SystemRandom, NeverGivesTheSameBytesTwice) {
  SystemRandom random;
  std::set<std::vector<std::uint8_t>> seen;
  for (int i = 0; i < 10'000; ++i) {
    std::vector<std::uint8_t> drawn(8 + static_cast<std::size_t>(i) % 300);
    random.fill(drawn);
    drawn.resize(8);
    EXPECT_TRUE(seen.insert(drawn).second);
  }
}

TEST(SeededRandom, RepeatsForTheSameSeedOnly) {
  const auto draw = [](std::uint64_t seed) {
    SeededRandom random(seed);
    std::vector<std::uint8_t> out(21);
    random.fill(out);
    return out;
  };
  EXPECT_EQ(draw(1), draw(1));
  EXPECT_NE(draw(1), draw(2));
}

TEST(SystemRandom, FillsAllOfALargeBuffer) {
  std::vector<std::uint8_t> out(100'000);
  SystemRandom().fill(out);
  for (std::size_t at = 0; at < out.size(); at += 1000)
    EXPECT_FALSE(std::all_of(out.begin() + static_cast<std::ptrdiff_t>(at),
                             out.begin() + static_cast<std::ptrdiff_t>(at + 1000), [](auto b) { return b == 0; }));
}

TEST(RandomToken, IsBase64urlOfThatManyBytes) {
  SeededRandom random(3);
  const std::string token = random_token(random, 32);
  EXPECT_EQ(token.size(), 43U);
  EXPECT_EQ(from_base64url(token).value_or("").size(), 32U);
  EXPECT_NE(token, random_token(random, 32));
}

}  // namespace
}  // namespace watchword
