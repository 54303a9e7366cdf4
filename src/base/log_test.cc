#include "base/log.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/text.h"

namespace watchword {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class LogTest : public testing::Test {
 protected:
  ~LogTest() override { log::set_level(log::Level::info); }

  template <class F>
  static std::string captured(F&& write) {
    testing::internal::CaptureStderr();
    write();
    return testing::internal::GetCapturedStderr();
  }
};

TEST_F(LogTest, WritesOneObjectALineWithTheTimeFirst) {
  const std::string out = captured([] { log::info("policy loaded", {{"rules", 12}, {"digest", "ab"}}); });
  EXPECT_THAT(out, StartsWith("{\"time\":\"2"));
  ASSERT_EQ(std::ranges::count(out, '\n'), 1);
  const auto line = parse_json(out);
  ASSERT_TRUE(line);
  EXPECT_TRUE(from_rfc3339(line->string_or("time", "")));
  EXPECT_EQ(line->string_or("level", ""), "info");
  EXPECT_EQ(line->string_or("message", ""), "policy loaded");
  EXPECT_EQ(*line->find_integer("rules"), 12);
}

TEST_F(LogTest, CannotBeForgedByWhatIsLogged) {
  const std::string hostile = "x\"}\n{\"level\":\"info\",\"message\":\"all is well\xff";
  const std::string out =
      captured([&] { log::warn(hostile, {{hostile, hostile}, {"time", "never"}, {"level", "none"}}); });
  EXPECT_EQ(std::ranges::count(out, '\n'), 1);
  const auto line = parse_json(out);  // refuses a key that stands there twice
  ASSERT_TRUE(line) << out;
  EXPECT_EQ(line->string_or("level", ""), "warn");
  EXPECT_NE(line->string_or("time", ""), "never");
}

TEST_F(LogTest, LeavesOutWhatIsBelowTheLevel) {
  EXPECT_EQ(captured([] { log::debug("hidden"); }), "");
  log::set_level(log::Level::error);
  EXPECT_EQ(captured([] { log::warn("hidden"); }), "");
  EXPECT_THAT(captured([] { log::error("shown"); }), HasSubstr("shown"));
  log::set_level(log::Level::debug);
  EXPECT_THAT(captured([] { log::debug("shown"); }), HasSubstr("\"debug\""));
}

TEST_F(LogTest, SaysOfAnErrorWhatWasFoundExpectedAndTheFix) {
  const Error cause{Reason::policy_invalid, "rols", "roles", "policy/a.yaml:3:1", ""};
  const auto line = parse_json(captured([&] { log::error("the policy in force stays", cause); }));
  ASSERT_TRUE(line);
  EXPECT_EQ(line->string_or("reason", ""), "policy_invalid");
  EXPECT_EQ(line->string_or("found", ""), "rols");
  EXPECT_EQ(line->string_or("expected", ""), "roles");
  EXPECT_EQ(line->string_or("where", ""), "policy/a.yaml:3:1");
  EXPECT_EQ(line->string_or("fix", ""), "mend the place that is named");
}

TEST_F(LogTest, DoesNotMixLinesOfSeveralThreads) {
  const std::string out = captured([] {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t)
      threads.emplace_back([] {
        for (int i = 0; i < 200; ++i) log::info("line", {{"padding", std::string(300, 'x')}});
      });
  });
  auto lines = split(out, '\n');
  lines.pop_back();
  EXPECT_EQ(lines.size(), 800U);
  for (const auto line : lines) EXPECT_TRUE(parse_json(line)) << line;
}

}  // namespace
}  // namespace watchword
