#include "audit/publisher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <map>
#include <thread>

#include "audit/test_log.h"
#include "audit/tile.h"
#include "audit/verify.h"
#include "base/random.h"

namespace watchword::audit {
namespace {

using ::testing::HasSubstr;

std::uint64_t verified_size(const TestLog& log) {
  const auto verified = verify_log(log.directory(), TestLog::verifier());
  EXPECT_TRUE(verified.has_value()) << to_string(verified.error());
  return verified ? verified->entries : ~std::uint64_t{0};
}

TEST(Publisher, PublishesALogThatVerifiesAtEverySize) {
  TestLog log;
  log.publish();
  EXPECT_EQ(verified_size(log), 0u) << "a checkpoint of the empty tree";
  const auto publisher = log.start().value();
  std::string earlier = log.read("checkpoint");
  for (const std::uint64_t size : {1u, 2u, 255u, 256u, 257u, 511u, 512u, 513u, 1000u}) {
    log.add(size - log.store().log_size().value());
    ASSERT_TRUE(publisher->publish_now().has_value());
    EXPECT_EQ(publisher->published_size(), size);
    const auto verified = verify_log(log.directory(), TestLog::verifier(), earlier);
    ASSERT_TRUE(verified.has_value()) << size << ": " << to_string(verified.error());
    EXPECT_EQ(verified->entries, size);
    EXPECT_TRUE(verified->consistent_with_earlier);
    earlier = log.read("checkpoint");
  }
}

TEST(Publisher, WritesExactlyTheFilesOfTlogTiles) {
  TestLog log;
  log.add(600);
  log.publish();
  std::vector<std::string> files;
  for (const auto& file : std::filesystem::recursive_directory_iterator(log.directory()))
    if (file.is_regular_file()) files.push_back(file.path().lexically_relative(log.directory()));
  EXPECT_THAT(files, ::testing::UnorderedElementsAre("checkpoint", "verifier.key", "tile/0/000", "tile/0/001",
                                                     "tile/0/002.p/88", "tile/1/000.p/2", "tile/entries/000",
                                                     "tile/entries/001", "tile/entries/002.p/88"));
  EXPECT_EQ(log.read("verifier.key"), verifier_key(kTestOrigin, test_key().public_key()) + "\n");
}

TEST(Publisher, DropsPartialFilesOnceTheFullOneIsThere) {
  TestLog log;
  const auto publisher = log.start().value();
  for (const std::uint64_t count : {100u, 100u, 100u}) {
    log.add(count);
    ASSERT_TRUE(publisher->publish_now().has_value());
  }
  EXPECT_FALSE(log.has("tile/0/000.p"));
  EXPECT_FALSE(log.has("tile/entries/000.p"));
  EXPECT_TRUE(log.has("tile/0/001.p/44"));
  EXPECT_EQ(verified_size(log), 300u);
}

TEST(Publisher, PublishesByItselfSoonAfterAnEntryAndWhatIsLeftAtItsEnd) {
  TestLog log;
  {
    const auto publisher = log.start().value();
    log.add(3);
    while (publisher->published_size() < 3) std::this_thread::yield();
    log.add(4);
  }
  EXPECT_EQ(verified_size(log), 7u);
}

TEST(Publisher, GoesOnWhereItStoppedWhateverTheSize) {
  TestLog log;
  std::uint64_t size = 0;
  for (const std::uint64_t more : {1u, 254u, 1u, 0u, 256u, 88u}) {
    log.add(more);
    log.publish();
    EXPECT_EQ(verified_size(log), size += more);
  }
  for (const std::uint64_t more : {65'536u - 600u, 1u, 300u}) {  // a third level of tiles
    log.add(more);
    log.publish();
  }
  EXPECT_EQ(verified_size(log), 65'837u);
}

TEST(Publisher, LooksAtNoTileBeyondTheCheckpoint) {
  TestLog log;
  log.add(300);
  log.publish();
  std::map<std::string, std::string> before;
  for (const char* file : {"checkpoint", "tile/0/001.p/44", "tile/1/000.p/1", "tile/entries/001.p/44"})
    before[file] = log.read(file);
  log.add(300);
  log.publish();
  // As if it had died after some files and before the checkpoint, with one of them half on the disk.
  for (const char* folder : {"tile/0/001.p", "tile/entries/001.p"}) std::filesystem::create_directory(log.path(folder));
  for (const auto& [file, content] : before) log.write(file, content);
  log.write("tile/0/001", "torn");
  log.write("tile/entries/001", "");
  log.publish();
  EXPECT_EQ(verified_size(log), 600u);
}

TEST(Publisher, NeverOverwritesALogThatIsNotTheStores) {
  TestLog log;
  log.add(300);
  log.publish();
  const std::string checkpoint = log.read("checkpoint");
  const auto refused = [&](Reason reason) {
    const auto started = log.start();
    ASSERT_FALSE(started.has_value());
    EXPECT_EQ(started.error().reason, reason) << to_string(started.error());
    EXPECT_EQ(log.read("checkpoint"), checkpoint);
  };
  log.new_store();
  refused(Reason::log_inconsistent);  // an empty store
  log.add(299);
  refused(Reason::log_inconsistent);  // an older copy
  log.add(1, "/other");
  refused(Reason::log_inconsistent);  // an older copy that went on differently
  log.new_store();
  log.add(200, "/other");
  log.add(200);
  refused(Reason::log_inconsistent);  // another history that ends alike
  log.new_store();
  log.add(400);
  log.publish();
  EXPECT_EQ(verified_size(log), 400u) << "the same history, longer";
}

TEST(Publisher, RefusesADirectoryThatDoesNotVerify) {
  TestLog log;
  log.add(600);
  log.publish();
  const auto refused = [&](const std::string& file, Reason reason) {
    const std::string good = log.read(file);
    std::string bad = good;
    bad[bad.size() / 2] ^= 1;
    log.write(file, bad);
    const auto started = log.start();
    ASSERT_FALSE(started.has_value()) << file;
    EXPECT_EQ(started.error().reason, reason) << to_string(started.error());
    EXPECT_EQ(log.read(file), bad);
    log.write(file, good);
  };
  refused("checkpoint", Reason::log_checkpoint_invalid);
  refused("tile/1/000.p/2", Reason::log_tile_corrupt);
  refused("tile/0/002.p/88", Reason::log_tile_corrupt);
  refused("tile/entries/002.p/88", Reason::log_inconsistent);
  refused("tile/entries/001", Reason::log_inconsistent);
  EXPECT_FALSE(log.start(8).has_value()) << "another key";
}

// Commits and publishes as fast as it can, and writes a byte to `out` for each acknowledged batch, until it is killed.
[[noreturn]] void publish_until_killed(const TestLog& log, int out) {
  auto store = store::open_store({.url = "sqlite://" + log.path("state.db")});
  if (!store) ::_exit(1);
  const auto publisher =
      Publisher::start(**store, test_key(),
                       {.directory = log.directory(), .origin = kTestOrigin, .interval = std::chrono::milliseconds(1)});
  if (!publisher) ::_exit(2);
  for (std::uint64_t index = (*store)->log_size().value();;) {
    store::Batch batch;
    for (int i = 0; i < 7; ++i) batch.entries.push_back(test_entry(index++));
    if (!(*store)->commit_and_wait(std::move(batch)) || ::write(out, "x", 1) != 1) ::_exit(3);
  }
}

TEST(Publisher, LeavesALogThatVerifiesAndGoesOnWhenItIsKilled) {
  TestLog log;
  SeededRandom random(11);
  std::optional<std::string> earlier;
  for (int round = 0; round < 12; ++round) {
    std::array<int, 2> pipe{};
    ASSERT_EQ(::pipe(pipe.data()), 0);
    const pid_t child = ::fork();
    if (child == 0) publish_until_killed(log, pipe[1]);
    ::close(pipe[1]);
    std::uint8_t wanted = 0;
    random.fill({&wanted, 1});
    char byte = 0;
    for (int seen = 0; ::read(pipe[0], &byte, 1) == 1; ++seen)
      if (seen == wanted / 2) ::kill(child, SIGKILL);
    ::close(pipe[0]);
    int status = 0;
    ::waitpid(child, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the child stopped by itself: " << WEXITSTATUS(status);
    if (!log.has("checkpoint")) continue;
    const auto verified = verify_log(log.directory(), TestLog::verifier(), earlier);
    ASSERT_TRUE(verified.has_value()) << "round " << round << ": " << to_string(verified.error());
    earlier = log.read("checkpoint");
  }
  EXPECT_GT(verify_log(log.directory(), TestLog::verifier())->entries, 600u);
}

TEST(Publisher, RefusesAKeyOrOriginThatNobodyCouldVerify) {
  TestLog log;
  auto ec = crypto::PrivateKey::generate(crypto::KeyType::p256).value();
  EXPECT_FALSE(Publisher::start(log.store(), std::move(ec), {.directory = log.directory(), .origin = kTestOrigin}));
  const auto started = Publisher::start(log.store(), test_key(), {.directory = log.directory(), .origin = "a b"});
  ASSERT_FALSE(started.has_value());
  EXPECT_EQ(started.error().reason, Reason::config_invalid);
}

TEST(Publisher, TriesAgainAfterAFailure) {
  TestLog log;
  const auto publisher = log.start().value();
  ASSERT_TRUE(publisher->publish_now().has_value());
  log.write("tile", "in the way of the folder");
  log.add(300);
  const auto failed = publisher->publish_now();
  ASSERT_FALSE(failed.has_value());
  EXPECT_THAT(to_string(failed.error()), HasSubstr("tile"));
  EXPECT_EQ(publisher->published_size(), 0u);
  std::filesystem::remove(log.path("tile"));
  log.add(300);
  ASSERT_TRUE(publisher->publish_now().has_value());
  EXPECT_EQ(verified_size(log), 600u);
}

}  // namespace
}  // namespace watchword::audit
