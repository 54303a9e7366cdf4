#include "job/socket_folder.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "support/temporary_directory.h"

namespace watchword::job {
namespace {

namespace fs = std::filesystem;

TEST(SocketFolder, IsTheUsersOwnAndGoneAtItsEnd) {
  const testing::TemporaryDirectory place;
  std::string path;
  {
    auto folder = SocketFolder::make({place.file("none"), place.path()});
    ASSERT_TRUE(folder);
    path = folder->path();
    struct stat info{};
    ASSERT_EQ(::stat(path.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 07777, 0700u);
    EXPECT_EQ(folder->socket("billing-api"), path + "/billing-api.sock");
    const SocketFolder moved(*std::move(folder));
    EXPECT_TRUE(fs::exists(path));
  }
  EXPECT_TRUE(fs::is_empty(place.path()));
}

TEST(SocketFolder, SaysWhyThereIsNone) {
  const testing::TemporaryDirectory place;
  const auto folder = SocketFolder::make({place.file("a"), place.file("b")});
  ASSERT_FALSE(folder);
  EXPECT_EQ(folder.error().reason, Reason::listener_unavailable);
  EXPECT_EQ(folder.error().found,
            place.file("a") + ": No such file or directory; " + place.file("b") + ": No such file or directory");
  EXPECT_NE(folder.error().fix.find("TMPDIR"), std::string::npos);
}

TEST(SocketFolder, RefusesNamesThatAreTooLongOrLeadOutOfIt) {
  const testing::TemporaryDirectory place;
  const auto folder = SocketFolder::make({place.path()});
  ASSERT_TRUE(folder);
  const auto longest = 107 - folder->path().size() - std::string("/.sock").size();
  EXPECT_TRUE(folder->socket(std::string(longest, 'x')));
  const auto longer = folder->socket(std::string(longest + 1, 'x'));
  ASSERT_FALSE(longer);
  EXPECT_EQ(longer.error().reason, Reason::listener_unavailable);
  EXPECT_EQ(longer.error().found, "a path of 108 bytes");
  for (const auto& name : {std::string(), std::string("../x"), std::string("x/y"), std::string("x\0y", 3)})
    EXPECT_FALSE(folder->socket(name)) << name;
}

}  // namespace
}  // namespace watchword::job
