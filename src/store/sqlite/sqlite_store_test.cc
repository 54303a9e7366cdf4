// What only a SQLite file can show: crashes, full disks, other processes, versions.
#include "store/sqlite/sqlite_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <filesystem>
#include <thread>

#include "base/random.h"
#include "store/sqlite/database.h"

namespace watchword::store {
namespace {

using ::testing::HasSubstr;

class SqliteFile : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = ::testing::TempDir() + "sqlite.XXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string path() const { return folder_ + "/deep/state.db"; }
  Result<std::unique_ptr<Store>> open() const { return open_store({.url = "sqlite://" + path()}); }
  std::string folder_;
};

Batch entry(std::string text) { return {.changes = {}, .entries = {std::move(text)}}; }

// Runs `body` in a child process. -1: it did not leave by itself.
int in_child(const std::function<int()>& body) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(body());
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST_F(SqliteFile, IsForItsUserOnly) {
  const mode_t old = ::umask(0);
  const auto store = open();
  ::umask(old);
  ASSERT_TRUE(store.has_value()) << to_string(store.error());
  ASSERT_TRUE((*store)->commit_and_wait(entry("a")).has_value());
  for (const char* suffix : {"", "-wal", "-shm", ".lock"}) {
    struct stat info{};
    ASSERT_EQ(::stat((path() + suffix).c_str(), &info), 0) << suffix;
    EXPECT_EQ(info.st_mode & 0777, 0600u) << suffix;
  }
}

TEST_F(SqliteFile, GoesOnWhereItStopped) {
  for (std::uint64_t i = 0; i < 3; ++i) {
    auto store = open();
    ASSERT_TRUE(store.has_value());
    EXPECT_EQ((*store)->log_size().value(), i);
    EXPECT_EQ((*store)->commit_and_wait(entry(std::to_string(i))).value(), i);
  }
}

TEST_F(SqliteFile, IsWrittenByOneProcessOnly) {
  const auto store = open();
  ASSERT_TRUE(store.has_value());
  const auto second = open();
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().reason, Reason::store_unavailable);
  EXPECT_THAT(to_string(second.error()), HasSubstr("another gate has this store open"));
}

TEST_F(SqliteFile, OfAnOlderVersionAndPageSizeIsBroughtUpToDate) {
  {
    auto store = open();
    ASSERT_TRUE(store.has_value() && (*store)->commit_and_wait(entry("kept")).has_value());
  }
  {
    auto database = Database::open(path());
    ASSERT_TRUE(database.has_value());
    EXPECT_EQ(database->integer("PRAGMA page_size").value(), 16384);
    ASSERT_TRUE(database
                    ->run("CREATE INDEX sessions_to_keep ON sessions(keep_until); PRAGMA user_version=2;"
                          "PRAGMA journal_mode=DELETE; PRAGMA page_size=4096; VACUUM")
                    .has_value());
    ASSERT_EQ(database->integer("PRAGMA page_size").value(), 4096);
  }
  {
    auto store = open();
    ASSERT_TRUE(store.has_value());
    EXPECT_THAT((*store)->log_entries(0, 10).value(), testing::ElementsAre("kept"));
    EXPECT_TRUE((*store)->commit_and_wait(entry("new")).has_value());
  }
  auto database = Database::open(path());
  EXPECT_EQ(database->integer("SELECT count(*) FROM sqlite_schema WHERE name='sessions_to_keep'").value(), 0);
  EXPECT_EQ(database->integer("PRAGMA page_size").value(), 4096);
}

TEST_F(SqliteFile, OfANewerVersionIsRefusedAndLeftAsItIs) {
  ASSERT_TRUE(open().has_value());
  {
    auto database = Database::open(path());
    ASSERT_TRUE(database.has_value() && database->run("PRAGMA user_version=99").has_value());
  }
  const auto opened = open();
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().reason, Reason::store_unavailable);
  EXPECT_THAT(to_string(opened.error()), HasSubstr("schema version 99"));
  EXPECT_THAT(opened.error().where, HasSubstr("state.db"));
  EXPECT_EQ(Database::open(path())->integer("PRAGMA user_version").value(), 99);
}

TEST_F(SqliteFile, OfAnotherProgramIsRefused) {
  std::filesystem::create_directory(folder_ + "/deep");
  ASSERT_EQ(in_child([&] { return std::fopen(path().c_str(), "w") == nullptr; }), 0);
  ASSERT_TRUE(Database::open(path())->run("CREATE TABLE theirs(x)").has_value());
  EXPECT_THAT(to_string(open().error()), HasSubstr("another program"));
  std::filesystem::resize_file(path(), 0);
  ASSERT_EQ(::truncate(path().c_str(), 5000), 0);  // zeros: not a database at all
  EXPECT_EQ(open().error().reason, Reason::store_unavailable);
}

TEST_F(SqliteFile, ThatLostEntriesIsRefused) {
  {
    auto store = open();
    for (const char* text : {"a", "b", "c"}) ASSERT_TRUE((*store)->commit_and_wait(entry(text)).has_value());
  }
  ASSERT_TRUE(Database::open(path())->run("DELETE FROM log WHERE idx=1").has_value());
  {
    auto store = open();
    ASSERT_TRUE(store.has_value());
    EXPECT_EQ((*store)->log_entries(0, 10).error().where, "entry 1 of the store");
  }
  ASSERT_TRUE(Database::open(path())->run("DELETE FROM log WHERE idx=0").has_value());
  EXPECT_EQ(open().error().reason, Reason::log_incomplete);
}

TEST(SqliteUrl, MustNameAnAbsolutePath) {
  for (const char* url :
       {"", "sqlite", "sqlite:state.db", "sqlite://state.db", "sqlite:///", "postgres://x", "sqlite::memory:x"})
    EXPECT_EQ(open_store({.url = url}).error().reason, Reason::config_invalid) << url;
  EXPECT_EQ(open_store({.url = "sqlite:///proc/nowhere/state.db"}).error().where, "/proc/nowhere");
}

// A limit on the size of files stands in for a full disk: write(2) fails in the middle of a transaction.
TEST_F(SqliteFile, OnAFullDiskNothingIsKeptAndAfterwardsTheIndexesGoOn) {
  enum { kFine, kNotOpened, kNeverFull, kWrongReason, kHalfKept, kDidNotRecover, kGap };
  const int result = in_child([this] {
    ::signal(SIGXFSZ, SIG_IGN);
    auto opened = open();
    if (!opened) return kNotOpened;
    Store& store = **opened;
    if (!store.commit_and_wait(entry("first"))) return kNotOpened;
    struct rlimit limit{};
    ::getrlimit(RLIMIT_FSIZE, &limit);
    const rlim_t unlimited = std::exchange(limit.rlim_cur, 400'000);
    ::setrlimit(RLIMIT_FSIZE, &limit);
    std::uint64_t kept = 1;
    Result<std::uint64_t> last = 0;
    for (int i = 0; i < 1000 && last; ++i) {
      last = store.commit_and_wait(
          {.changes = {SetMeta{"n", std::to_string(i)}}, .entries = {std::string(5000, 'x'), "y"}});
      if (last) kept += 2;
    }
    if (last) return kNeverFull;
    if (last.error().reason != Reason::store_unavailable) return kWrongReason;
    if (store.log_size().value() != kept || store.log_entries(0, 10'000).value().size() != kept) return kHalfKept;
    if (store.meta("n").value() != std::to_string((kept - 1) / 2 - 1)) return kHalfKept;
    limit.rlim_cur = unlimited;
    ::setrlimit(RLIMIT_FSIZE, &limit);
    const auto next = store.commit_and_wait(entry("room again"));
    if (!next) return kDidNotRecover;
    return *next == kept && store.log_entries(kept, 2).value().size() == 1 ? kFine : kGap;
  });
  EXPECT_EQ(result, kFine);
  EXPECT_TRUE(open().has_value());
}

constexpr std::size_t kAckBytes =
    32;  // "index round.thread.number", padded; less than PIPE_BUF, so that lines never mix

// Commits from four threads as fast as it can, and writes each acknowledgement to `out` until it is killed.
[[noreturn]] void commit_until_killed(Store& store, int out, int round) {
  std::array<std::jthread, 4> threads;
  for (std::size_t t = 0; t < threads.size(); ++t) {
    threads[t] = std::jthread([&store, out, round, t] {
      for (int i = 0;; ++i) {
        const std::string text = std::to_string(round) + "." + std::to_string(t) + "." + std::to_string(i);
        const auto index = store.commit_and_wait(entry(text));
        std::string line = std::to_string(index.value()) + " " + text;
        line.resize(kAckBytes, ' ');
        if (::write(out, line.data(), line.size()) < 0) ::_exit(1);
      }
    });
  }
  for (;;) ::pause();
}

TEST_F(SqliteFile, KeepsEveryAcknowledgedEntryWhenKilled) {
  SeededRandom random(7);
  std::vector<std::pair<std::uint64_t, std::string>> acknowledged;
  for (int round = 0; round < 20; ++round) {
    std::array<int, 2> pipe{};
    ASSERT_EQ(::pipe(pipe.data()), 0);
    const pid_t child = ::fork();
    if (child == 0) {
      ::close(pipe[0]);
      auto store = open();
      if (!store) ::_exit(1);
      commit_until_killed(**store, pipe[1], round);
    }
    ::close(pipe[1]);
    std::uint8_t wanted = 0;
    random.fill({&wanted, 1});
    std::array<char, kAckBytes> line{};
    // Whatever is still in the pipe after the kill was acknowledged too.
    for (int seen = 0; ::read(pipe[0], line.data(), line.size()) == static_cast<ssize_t>(line.size()); ++seen) {
      const std::string text(line.data(), line.size());
      const auto space = text.find(' ');
      const auto end = text.find_last_not_of(' ');
      acknowledged.emplace_back(std::stoull(text), text.substr(space + 1, end - space));
      if (seen == wanted) ::kill(child, SIGKILL);
    }
    ::close(pipe[0]);
    int status = 0;
    ::waitpid(child, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the child could not commit";

    auto store = open();
    ASSERT_TRUE(store.has_value()) << to_string(store.error());
    const auto entries = (*store)->log_entries(0, 1'000'000);
    ASSERT_TRUE(entries.has_value()) << to_string(entries.error());
    ASSERT_EQ(entries->size(), (*store)->log_size().value());
    for (const auto& [index, text] : acknowledged) {
      ASSERT_LT(index, entries->size());
      ASSERT_EQ((*entries)[index], text);
    }
  }
  EXPECT_GT(acknowledged.size(), 1000u);
}

}  // namespace
}  // namespace watchword::store
