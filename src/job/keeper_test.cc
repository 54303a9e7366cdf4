// A run that is killed leaves no token behind.
#include "job/keeper.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <fstream>
#include <iterator>
#include <string>

#include "support/temporary_directory.h"

namespace watchword::job {
namespace {

using ::testing::ElementsAre;

std::vector<std::string> lines_of(const std::string& path) {
  std::ifstream file(path);  // of a pipe: waits for who writes it, and until that is done
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

class KeeperTest : public ::testing::Test {
 protected:
  KeeperTest() { EXPECT_EQ(::mkfifo(told_.c_str(), 0600), 0); }

  auto tell() const {
    return [path = told_](const Keeper::Held& held) {
      std::ofstream file(path);
      file << held.group << "\n";
      for (const auto& token : held.tokens) file << token.reveal() << "\n";
    };
  }
  // In a process that is then killed.
  template <class F>
  void run_and_kill(F run) const {
    const pid_t pid = ::fork();
    if (pid == 0) {
      auto keeper = Keeper::start(tell());
      if (!keeper) ::_exit(1);
      run(*keeper);
      ::raise(SIGKILL);
    }
    ASSERT_EQ(::waitpid(pid, nullptr, 0), pid);
  }

  const testing::TemporaryDirectory folder_;
  const std::string told_ = folder_.file("told");
};

TEST_F(KeeperTest, KnowsWhatIsToBeGivenBackAfterAKill) {
  run_and_kill([](const Keeper& keeper) {
    keeper.hold(0, "first");
    keeper.hold(1, "other");
    keeper.hold_group(77);
  });
  EXPECT_THAT(lines_of(told_), ElementsAre("77", "first", "other"));
}

TEST_F(KeeperTest, HoldsTheTokensBeforeTheLastToo) {
  run_and_kill([](const Keeper& keeper) {
    keeper.hold(0, "oldest");
    keeper.hold(0, "older");
    keeper.hold(0, "newest");
    keeper.hold_group(77);
    keeper.hold_group(0);
  });
  EXPECT_THAT(lines_of(told_), ElementsAre("0", "oldest", "older", "newest"));
}

TEST_F(KeeperTest, ForgetsTheOldestOfTooMany) {
  run_and_kill([](const Keeper& keeper) {
    for (int i = 0; i <= static_cast<int>(Keeper::kMostTokens); ++i) keeper.hold(0, "token " + std::to_string(i));
  });
  const auto told = lines_of(told_);
  ASSERT_EQ(told.size(), 1 + Keeper::kMostTokens);
  EXPECT_EQ(told[1], "token 1");
  EXPECT_EQ(told.back(), "token " + std::to_string(Keeper::kMostTokens));
}

// Whoever may send it signals can stop a keeper. A run that waited for it would not end.
TEST_F(KeeperTest, OneThatStandsStillHoldsNobodyUp) {
  const auto keeper = Keeper::start([](const Keeper::Held&) {});
  ASSERT_TRUE(keeper);
  pid_t pid = 0;
  std::ifstream("/proc/self/task/" + std::to_string(::getpid()) + "/children") >> pid;
  ASSERT_GT(pid, 0);
  ASSERT_EQ(::kill(pid, SIGSTOP), 0);
  for (int i = 0; i < 1'000; ++i) keeper->hold(0, std::string(16 * 1024, 'x'));
}

TEST_F(KeeperTest, TakesLongTokensWhole) {
  const std::string token(16 * 1024, 'x');
  run_and_kill([&token](const Keeper& keeper) { keeper.hold(0, token); });
  EXPECT_THAT(lines_of(told_), ElementsAre("0", token));
}

TEST_F(KeeperTest, IsNoneOfTheGroupAndKeepsNobodyWaiting) {
  std::array<int, 2> log{};
  ASSERT_EQ(::pipe(log.data()), 0);
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::dup2(log[1], STDOUT_FILENO);
    const auto keeper = Keeper::start([path = told_](const Keeper::Held&) {
      std::ofstream(path) << (::getsid(0) == ::getpid() ? "own session\n" : "the session of the run\n");
    });
    if (!keeper) ::_exit(1);
    ::raise(SIGKILL);
  }
  ::close(log[1]);
  char nothing = 0;
  EXPECT_EQ(::read(log[0], &nothing, 1), 0) << "its end is seen while the keeper still waits for its pipe to be read";
  EXPECT_THAT(lines_of(told_), ElementsAre("own session"));
  ::close(log[0]);
  ::waitpid(pid, nullptr, 0);
}

TEST_F(KeeperTest, SaysNothingWhenAllWasGivenBack) {
  const std::string told = folder_.file("file");
  {
    const auto keeper = Keeper::start([&told](const Keeper::Held&) { std::ofstream(told) << "told"; });
    ASSERT_TRUE(keeper);
    keeper->hold(0, "token");
  }
  EXPECT_FALSE(std::ifstream(told).is_open());
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "no child is left";
}

}  // namespace
}  // namespace watchword::job
