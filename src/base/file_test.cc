#include "base/file.h"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <limits>

namespace watchword {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class FileTest : public testing::Test {
 protected:
  FileTest() {
    std::string name = testing::TempDir() + "watchword-file-XXXXXX";
    folder_ = ::mkdtemp(name.data());
  }
  ~FileTest() override { std::filesystem::remove_all(folder_); }

  std::string path(const std::string& name) const { return folder_ + "/" + name; }
  void put(const std::string& name, std::string_view content) const { std::ofstream(path(name)) << content; }
  static unsigned mode_of(const std::string& path) {
    struct stat info{};
    return ::stat(path.c_str(), &info) == 0 ? info.st_mode & 07777U : 0;
  }

  std::string folder_;
};
using ReadFile = FileTest;
using WriteFile = FileTest;
using Directories = FileTest;

TEST_F(ReadFile, ReadsUpToTheLimitAndNotBeyond) {
  put("f", "12345");
  EXPECT_EQ(read_file(path("f")).value_or(""), "12345");
  EXPECT_EQ(read_file(path("f"), 5).value_or(""), "12345");
  const auto refused = read_file(path("f"), 4);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, Reason::file_unreadable);
  EXPECT_EQ(refused.error().where, path("f"));
  EXPECT_EQ(read_file(path("f"), std::numeric_limits<std::size_t>::max()).value_or(""), "12345");
  put("empty", "");
  EXPECT_EQ(read_file(path("empty"), 0).value_or("?"), "");
}

TEST_F(ReadFile, ReadsAFileWhoseSizeTheKernelDoesNotTell) {
  EXPECT_THAT(read_file("/proc/self/status").value_or(""), HasSubstr("Name:"));
  EXPECT_FALSE(read_file("/proc/self/status", 10));
}

TEST_F(ReadFile, RefusesWhatIsNotAFileInsteadOfWaiting) {
  ASSERT_EQ(::mkfifo(path("fifo").c_str(), 0600), 0);
  for (const auto& bad : {path("fifo"), folder_, std::string("/dev/zero"), path("missing"), std::string()}) {
    const auto refused = read_file(bad);
    ASSERT_FALSE(refused) << bad;
    EXPECT_EQ(refused.error().reason, Reason::file_unreadable);
    EXPECT_FALSE(refused.error().found.empty());
  }
}

TEST_F(WriteFile, ReplacesTheWholeFileAndLeavesNothingBeside) {
  EXPECT_TRUE(write_file_atomically(path("state.yaml"), std::string(100'000, 'x')));
  EXPECT_TRUE(write_file_atomically(path("state.yaml"), "new", 0600));
  EXPECT_EQ(read_file(path("state.yaml")).value_or(""), "new");
  EXPECT_EQ(mode_of(path("state.yaml")), 0600U);
  EXPECT_THAT(list_directory(folder_).value(), ElementsAre("state.yaml"));
}

TEST_F(WriteFile, KeepsTheOldFileOpenForWhoReadsIt) {
  put("f", "old");
  std::ifstream reader(path("f"));
  EXPECT_TRUE(write_file_atomically(path("f"), "new"));
  std::string seen;
  reader >> seen;
  EXPECT_EQ(seen, "old");
}

TEST_F(WriteFile, FailsWithoutTracesWhereItCannotWrite) {
  std::filesystem::create_directory(path("taken"));
  put("taken/x", "");
  for (const auto& bad : {path("taken"), path("missing/f"), path("taken/x/f")}) {
    const auto failed = write_file_atomically(bad, "content");
    ASSERT_FALSE(failed) << bad;
    EXPECT_EQ(failed.error().reason, Reason::file_unwritable);
  }
  EXPECT_THAT(list_directory(folder_).value(), ElementsAre("taken"));
}

TEST_F(WriteFile, WritesIntoTheWorkingDirectory) {
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(folder_);
  EXPECT_TRUE(write_file_atomically("plain", "x"));
  std::filesystem::current_path(before);
  EXPECT_EQ(read_file(path("plain")).value_or(""), "x");
}

TEST_F(Directories, AreMadeWithTheirParentsOnce) {
  EXPECT_TRUE(make_directories(path("a/b//c/"), 0700));
  EXPECT_TRUE(make_directories(path("a/b/c"), 0700));
  EXPECT_TRUE(make_directories("/"));
  EXPECT_EQ(mode_of(path("a/b/c")), 0700U);
  put("a/file", "");
  EXPECT_FALSE(make_directories(path("a/file")));
  EXPECT_FALSE(make_directories(path("a/file/b")));
}

TEST_F(Directories, AreListedSorted) {
  for (const auto* name : {"b", "a", "C", ".hidden"}) put(name, "");
  EXPECT_THAT(list_directory(folder_).value(), ElementsAre(".hidden", "C", "a", "b"));
  EXPECT_FALSE(list_directory(path("missing")));
  EXPECT_FALSE(list_directory(path("a")));
}

class SecretReference : public FileTest {
 protected:
  SecretReference() { ::setenv("CREDENTIALS_DIRECTORY", folder_.c_str(), 1); }
  ~SecretReference() override {
    ::unsetenv("CREDENTIALS_DIRECTORY");
    ::unsetenv("WATCHWORD_TEST_SECRET");
  }
};

TEST_F(SecretReference, IsResolvedFromFileEnvironmentAndCredential) {
  put("s", "hunter2\n");
  ::setenv("WATCHWORD_TEST_SECRET", "from the environment\n", 1);
  EXPECT_EQ(resolve_secret("file:" + path("s")).value().reveal(), "hunter2");
  EXPECT_EQ(resolve_secret("credential:s").value().reveal(), "hunter2");
  EXPECT_EQ(resolve_secret("env:WATCHWORD_TEST_SECRET").value().reveal(), "from the environment\n");
}

TEST_F(SecretReference, DropsOneTrailingNewlineOnly) {
  const std::pair<std::string_view, std::string_view> kCases[] = {{"x", "x"},       {"x\n", "x"},     {"x\r\n", "x"},
                                                                  {"x\n\n", "x\n"}, {" x \n", " x "}, {"x\r", "x\r"}};
  for (const auto& [content, secret] : kCases) {
    put("s", content);
    EXPECT_EQ(resolve_secret("file:" + path("s")).value().reveal(), secret);
  }
}

TEST_F(SecretReference, RefusesALiteralValueWithoutRepeatingIt) {
  for (const std::string_view literal :
       {"s3cr3t-value", "pass:s3cr3t", "s3cr3t:", "FILE:/s3cr3t", "", "file:", "env:"}) {
    const auto refused = resolve_secret(literal);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().reason, Reason::secret_unavailable);
    EXPECT_THAT(to_string(refused.error()), Not(HasSubstr("s3cr3t")));
  }
}

TEST_F(SecretReference, RefusesMissingEmptyAndEscapingOnes) {
  put("empty", "\n");
  put("huge", std::string(100'000, 'x'));
  ::setenv("WATCHWORD_TEST_SECRET", "", 1);
  std::filesystem::create_directory(path("sub"));
  put("sub/s", "x");
  for (const std::string& reference :
       {"file:" + path("missing"), "file:" + path("empty"), "file:" + path("huge"), "file:" + folder_,
        std::string("env:WATCHWORD_TEST_SECRET"), std::string("env:WATCHWORD_TEST_UNSET"),
        std::string("credential:sub/s"), std::string("credential:.."), std::string("credential:missing")}) {
    const auto refused = resolve_secret(reference);
    ASSERT_FALSE(refused) << reference;
    EXPECT_EQ(refused.error().reason, Reason::secret_unavailable);
    EXPECT_EQ(refused.error().where, reference);
  }
  ::unsetenv("CREDENTIALS_DIRECTORY");
  EXPECT_FALSE(resolve_secret("credential:s"));
}

}  // namespace
}  // namespace watchword
