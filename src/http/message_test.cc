#include "http/message.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace watchword::http {
namespace {

using ::testing::IsNull;
using ::testing::Pointee;

TEST(Headers, KeepOrderAndRepetition) {
  Headers headers{{"a", "1"}, {"b", "2"}, {"a", "3"}};
  EXPECT_THAT(headers.find("a"), Pointee(std::string("1")));
  EXPECT_THAT(headers.find("c"), IsNull());
  EXPECT_EQ(headers.count("a"), 2u);
  headers.set("a", "4");
  headers.set("c", "5");
  EXPECT_EQ(headers, (Headers{{"a", "4"}, {"b", "2"}, {"c", "5"}}));
  headers.remove("b");
  EXPECT_EQ(headers, (Headers{{"a", "4"}, {"c", "5"}}));
  headers.remove_if([](const Header& header) { return header.value == "5"; });
  EXPECT_EQ(headers.size(), 1u);
}

TEST(Headers, FindTokensInListsOnly) {
  const Headers headers{{"connection", "Keep-Alive , x-close"}, {"connection", "upgrade"}, {"x", "close"}};
  EXPECT_TRUE(headers.has_token("connection", "keep-alive"));
  EXPECT_TRUE(headers.has_token("connection", "upgrade"));
  EXPECT_FALSE(headers.has_token("connection", "close"));
}

TEST(RequestHead, PartsItsTargetAndAuthority) {
  RequestHead head{"GET", "https", "api.example.com:8443", "/a/b?c=d?e", {}};
  EXPECT_EQ(head.path(), "/a/b");
  EXPECT_EQ(head.query(), "c=d?e");
  EXPECT_EQ(head.host(), "api.example.com");
  head.target = "/a";
  EXPECT_EQ(head.path(), "/a");
  EXPECT_EQ(head.query(), "");
  head.authority = "[2001:db8::7]:443";
  EXPECT_EQ(head.host(), "[2001:db8::7]");
  head.authority = "[::1]";
  EXPECT_EQ(head.host(), "[::1]");
}

}  // namespace
}  // namespace watchword::http
