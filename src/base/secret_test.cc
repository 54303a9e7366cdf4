#include "base/secret.h"

#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <cstdlib>
#include <ostream>
#include <string>
#include <type_traits>

namespace watchword {
namespace {

template <class T>
concept Printable = requires(std::ostream& out, const T& value) { out << value; };
template <class T>
concept Comparable = requires(const T& a, const T& b) { a == b; };

static_assert(!Printable<Secret> && !Comparable<Secret>);
static_assert(!std::is_copy_constructible_v<Secret> && !std::is_copy_assignable_v<Secret>);
static_assert(!std::is_convertible_v<std::string, Secret> && !std::is_convertible_v<Secret, std::string_view>);

TEST(Secret, WipesTheStringItTakesOver) {
  std::string source = "a long enough password to live on the heap";
  const char* const bytes = source.data();
  const std::size_t size = source.size();
  const Secret secret(std::move(source));
  EXPECT_EQ(secret.reveal(), "a long enough password to live on the heap");
  EXPECT_EQ(std::string(bytes, size), std::string(size, '\0'));  // the buffer still belongs to `source`
}

TEST(Secret, LeavesNothingBehindWhenMoved) {
  Secret first(std::string_view("one"));
  Secret second(std::move(first));
  EXPECT_TRUE(first.empty());  // NOLINT(bugprone-use-after-move): that is what is tested
  EXPECT_EQ(second.reveal(), "one");
  Secret third(std::string_view("another"));
  third = std::move(second);
  EXPECT_TRUE(second.empty());  // NOLINT(bugprone-use-after-move)
  EXPECT_EQ(third.reveal(), "one");
  Secret& same = third;
  third = std::move(same);
  EXPECT_EQ(third.reveal(), "one");
  EXPECT_EQ(third.clone().reveal(), "one");
  EXPECT_TRUE(Secret().empty());
}

TEST(Wipe, ReachesTheTailOfAnEarlierLongerValue) {
  std::string text = "the first value was a long one, with a key at its end: KEY";
  text.resize(3);
  const char* const bytes = text.data();
  const std::size_t capacity = text.capacity();
  wipe(text);
  EXPECT_TRUE(text.empty());
  EXPECT_EQ(std::string(bytes, capacity).find_first_not_of('\0'), std::string::npos);
}

TEST(EqualConstantTime, ComparesContent) {
  EXPECT_TRUE(equal_constant_time("", ""));
  EXPECT_TRUE(equal_constant_time("abc", "abc"));
  EXPECT_FALSE(equal_constant_time("abc", "abd"));
  EXPECT_FALSE(equal_constant_time("xbc", "abc"));
  EXPECT_FALSE(equal_constant_time("abc", "ab"));
  EXPECT_FALSE(equal_constant_time(std::string_view("a\0b", 3), std::string_view("a\0c", 3)));
}

[[noreturn]] void forbid_and_report() {
  forbid_core_dumps();
  rlimit limit{};
  const bool read = ::getrlimit(RLIMIT_CORE, &limit) == 0;
  std::exit(read && ::prctl(PR_GET_DUMPABLE) == 0 && limit.rlim_cur == 0 && limit.rlim_max == 0 ? 0 : 1);
}

// In a process of its own: being undumpable would disturb the other tests.
TEST(ForbidCoreDumpsDeathTest, MakesTheProcessUndumpable) {
  EXPECT_EXIT(forbid_and_report(), testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace watchword
