#include <gtest/gtest.h>

#include <filesystem>

#include "api/endpoints.h"
#include "api/log_path.h"
#include "base/file.h"
#include "support/http_call.h"
#include "support/temporary_directory.h"

namespace watchword::api {
namespace {

using testing::call;

TEST(LogPath, TakesOnlyTheCanonicalNamesOfTlogTiles) {
  for (const auto* path : {"tile/0/000", "tile/0/000.p/1", "tile/0/255.p/255", "tile/entries/000",
                           "tile/entries/x001/234.p/7", "tile/7/999", "tile/0/x001/x234/067", "tile/63/000"})
    EXPECT_EQ(log_file_of(path), LogFile::tile) << path;
  EXPECT_EQ(log_file_of("checkpoint"), LogFile::checkpoint);
  EXPECT_EQ(log_file_of("verifier.key"), LogFile::verifier_key);
  for (const auto* path : {"",
                           "/checkpoint",
                           "checkpoint/",
                           "Checkpoint",
                           "checkpoint.tmp",
                           ".",
                           "..",
                           "tile",
                           "tile/",
                           "tile/0",
                           "tile/0/",
                           "tile/0/0",
                           "tile/0/00",
                           "tile/0/0000",
                           "tile/00/000",
                           "tile/64/000",
                           "tile/-1/000",
                           "tile/0/x000/001",
                           "tile/0/x01/234",
                           "tile/0/001/234",
                           "tile/0/x001/x234",
                           "tile/0/000.p/0",
                           "tile/0/000.p/256",
                           "tile/0/000.p/01",
                           "tile/0/000.p/",
                           "tile/0/000.p",
                           "tile/0/000.p/1/2",
                           "tile/0/000.p/1.p/1",
                           "tile/entries/../../checkpoint",
                           "tile/0/../000",
                           "tile/0//000",
                           "tile/0/0%30",
                           "tile/0/ 00",
                           "tile/0/+00",
                           "tile/data/000",
                           "tile/entries",
                           "../state.db",
                           "tile/0/000\n",
                           "state.db",
                           "tile/0/x999/x999/x999/x999/x999/x999/999"})
    EXPECT_EQ(log_file_of(path), LogFile::none) << path;
  EXPECT_EQ(log_file_of(std::string("checkpoint\0", 11)), LogFile::none);
}

class LogFiles : public ::testing::Test {
 protected:
  LogFiles() {
    put("checkpoint", "gate.example.com/log\n7\nroot\n");
    put("tile/0/000.p/7", std::string(7 * 32, 'h'));
    put("tile/entries/000", std::string(200'000, 'e'));
    put("secret", "sealing key");
    add_log(router_, folder_.file("log"), LogEntries::served);
  }
  void put(const std::string& name, const std::string& content) {
    auto path = folder_.file("log/" + name);
    std::filesystem::create_directories(std::filesystem::path(path).parent_path());
    ASSERT_TRUE(write_file_atomically(path, content).has_value());
  }
  testing::Reply get(const std::string& path, std::string method = "GET") {
    return call(router_, {.method = std::move(method), .target = "/log/" + path});
  }
  testing::TemporaryDirectory folder_;
  Router router_;
};

TEST_F(LogFiles, ServesTilesForeverAndTheCheckpointFresh) {
  auto tile = get("tile/0/000.p/7");
  EXPECT_EQ(tile.status, 200);
  EXPECT_EQ(tile.body, std::string(7 * 32, 'h'));
  EXPECT_EQ(tile.header("content-length"), "224");
  EXPECT_EQ(tile.header("content-type"), "application/octet-stream");
  EXPECT_EQ(tile.header("cache-control"), "public, max-age=31536000, immutable");
  auto checkpoint = get("checkpoint");
  EXPECT_EQ(checkpoint.body, "gate.example.com/log\n7\nroot\n");
  EXPECT_EQ(checkpoint.header("content-type"), "text/plain; charset=utf-8");
  EXPECT_EQ(checkpoint.header("cache-control"), "no-store");
  EXPECT_EQ(get("tile/entries/000").body.size(), 200'000u);
  EXPECT_EQ(get("checkpoint", "HEAD").header("content-length"), "28");
}

TEST_F(LogFiles, OpensNothingElse) {
  namespace fs = std::filesystem;
  fs::create_symlink(folder_.file("log/secret"), folder_.file("log/tile/0/001"));
  fs::create_symlink(folder_.file("log"), folder_.file("log/tile/1"));  // a directory by another name
  fs::create_directories(folder_.file("log/tile/0/002"));
  fs::create_directories(folder_.file("log/verifier.key"));
  for (const auto* path : {"secret", "../log/secret", "tile/0/001", "tile/1/000", "tile/0/002", "verifier.key",
                           "tile/0/003", "", "tile/0/000.p/7/../../secret", "%63heckpoint", "tile%2f0%2f000.p/7"}) {
    auto reply = get(path);
    EXPECT_EQ(reply.status, 404) << path;
    EXPECT_EQ(reply.body.find("sealing"), std::string::npos) << path;
  }
}

TEST_F(LogFiles, KeepsWhoDidWhatToThoseWhoMaySeeIt) {
  Router open_to_all;
  add_log(open_to_all, folder_.file("log"), LogEntries::hidden);
  auto status = [&](const std::string& path) { return call(open_to_all, {.target = "/log/" + path}).status; };
  EXPECT_EQ(status("checkpoint"), 200);
  EXPECT_EQ(status("tile/0/000.p/7"), 200) << "hashes name nobody";
  EXPECT_EQ(status("tile/entries/000"), 404);
}

TEST_F(LogFiles, AnswersNotFoundWithoutADirectory) {
  Router router;
  add_log(router, folder_.file("not/there"), LogEntries::served);
  EXPECT_EQ(call(router, {.target = "/log/checkpoint"}).status, 404);
}

}  // namespace
}  // namespace watchword::api
