// The command of a run is started as if nothing stood between it and who started the run.
#include "job/child.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <iterator>

#include "support/temporary_directory.h"

namespace watchword::job {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string content_of(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

class ChildTest : public ::testing::Test {
 protected:
  ~ChildTest() override { signals_.restore(); }

  auto start(const std::vector<std::string>& words) {
    std::vector<char*> environment;
    for (auto& text : texts_) environment.push_back(text.data());
    environment.push_back(nullptr);
    return Child::start(words, environment, signals_, inherited_, [this](pid_t group) { group_ = group; });
  }
  int end_of(Child& child) {
    while (!child.ended()) signals_.wait();
    return *child.ended();
  }
  int run(const std::vector<std::string>& words) {
    auto child = start(words);
    EXPECT_TRUE(child);
    return child ? end_of(*child) : -1;
  }
  Child::NotStarted refused(const std::vector<std::string>& words) {
    auto child = start(words);
    EXPECT_FALSE(child);
    return child ? Child::NotStarted() : child.error();
  }

  const testing::TemporaryDirectory folder_;
  const std::string out_ = folder_.file("out");
  std::vector<std::string> texts_ = {"OUT=" + out_, "PATH=/usr/bin:/bin"};
  Descriptors inherited_ = Descriptors::inherited();
  RunSignals signals_ = *RunSignals::start();
  pid_t group_ = -1;  // that was told
};

TEST_F(ChildTest, EndsWithTheStatusOfTheCommand) {
  EXPECT_EQ(run({"true"}), 0);
  EXPECT_EQ(run({"sh", "-c", "exit 7"}), 7);
  EXPECT_EQ(run({"sh", "-c", "kill -TERM $$"}), 128 + SIGTERM);
  EXPECT_EQ(run({"sh", "-c", "kill -KILL $$"}), 128 + SIGKILL);
}

TEST_F(ChildTest, GetsItsArgumentsAndVariablesAsTheyAre) {
  texts_.emplace_back("X=a b");
  EXPECT_EQ(run({"sh", "-c", R"(printf '%s|' "$X" "$@" > "$OUT")", "sh", "", "a b", "-v", "--"}), 0);
  EXPECT_EQ(content_of(out_), "a b||a b|-v|--|");
}

TEST_F(ChildTest, ThatIsNotThereIsExplained) {
  const auto unknown = refused({"no-such-command"});
  EXPECT_EQ(unknown.code, 127);
  EXPECT_EQ(unknown.error.reason, Reason::command_not_started);
  EXPECT_THAT(unknown.error.found, HasSubstr("no-such-command"));
  EXPECT_EQ(refused({"./no/such/path"}).code, 127);
  EXPECT_EQ(refused({""}).code, 127);
  EXPECT_EQ(group_, 0) << "there is none to kill";
}

TEST_F(ChildTest, ThatCannotBeRunIsExplained) {
  const auto file = folder_.file("script");
  std::ofstream(file) << "#!/no/such/interpreter\n";
  EXPECT_EQ(refused({file}).code, 126);
  EXPECT_THAT(refused({file}).error.fix, HasSubstr("chmod +x"));
  ASSERT_EQ(::chmod(file.c_str(), 0755), 0);
  EXPECT_EQ(refused({file}).code, 127);
  EXPECT_THAT(refused({file}).error.fix, HasSubstr("#!"));
  EXPECT_EQ(refused({folder_.path()}).code, 126);
}

TEST_F(ChildTest, InheritsTheFilesOfTheRunsStartOnly) {
  const int late = ::open("/dev/null", O_RDONLY);  // of the run itself, and not close-on-exec
  EXPECT_EQ(run({"sh", "-c", "ls /proc/$$/fd > \"$OUT\""}), 0);
  EXPECT_THAT("\n" + content_of(out_), Not(HasSubstr("\n" + std::to_string(late) + "\n")));
  inherited_ = Descriptors::inherited();
  EXPECT_EQ(run({"sh", "-c", "ls /proc/$$/fd > \"$OUT\""}), 0);
  EXPECT_THAT("\n" + content_of(out_), HasSubstr("\n" + std::to_string(late) + "\n"));
  ::close(late);
}

TEST_F(ChildTest, HasNoSignalBlocked) {
  EXPECT_EQ(run({"sh", "-c", "exec grep SigBlk /proc/self/status > \"$OUT\""}), 0);
  EXPECT_THAT(content_of(out_), HasSubstr("0000000000000000"));
}

TEST_F(ChildTest, IsEndedWithAllThatItStarted) {
  ASSERT_EQ(::mkfifo(out_.c_str(), 0600), 0);
  auto child = start({"sh", "-c", "{ echo ready; exec sleep 1000; } > \"$OUT\" & wait"});
  ASSERT_TRUE(child);
  if (child->hears_terminal()) {
    child->signal(SIGKILL);
    GTEST_SKIP() << "with a terminal the command is in this process's group";
  }
  std::ifstream from_grandchild(out_);
  std::string line;
  std::getline(from_grandchild, line);
  EXPECT_EQ(line, "ready");
  EXPECT_GT(group_, 1) << "was told before";
  child->signal(SIGKILL);
  EXPECT_FALSE(std::getline(from_grandchild, line)) << "closed, as nobody is left";
  EXPECT_EQ(end_of(*child), 128 + SIGKILL);
  child->signal(SIGKILL);  // to nobody
}

}  // namespace
}  // namespace watchword::job
