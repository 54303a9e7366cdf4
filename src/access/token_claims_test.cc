#include "access/token_claims.h"

#include <gtest/gtest.h>

namespace watchword::access {
namespace {

TEST(Scope, IsAListOfResourceAndAction) {
  const std::pair<const char*, const char*> good[] = {{"", ""},
                                                      {"a/b", "a/b"},
                                                      {"billing-api/read ops/restart", "billing-api/read ops/restart"},
                                                      {" a/b  c/d ", "a/b c/d"}};
  for (const auto& [text, again] : good) {
    auto scope = parse_scope(text);
    ASSERT_TRUE(scope.has_value()) << text;
    EXPECT_EQ(scope_text(*scope), again);
  }
  for (const auto* text : {"a", "/", "a/", "/b", "a/b/c", "a//b", "a/b c", "read:a"}) {
    auto scope = parse_scope(text);
    ASSERT_FALSE(scope.has_value()) << text;
    EXPECT_EQ(scope.error().reason, Reason::scope_invalid);
  }
}

TEST(Scope, IsBounded) {
  std::string text;
  for (int i = 0; i < 100; ++i) text += "a/b" + std::to_string(i) + " ";
  EXPECT_TRUE(parse_scope(text).has_value());
  EXPECT_FALSE(parse_scope(text + "a/c").has_value());
}

}  // namespace
}  // namespace watchword::access
