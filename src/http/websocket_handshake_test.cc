#include "http/websocket_handshake.h"

#include <gtest/gtest.h>

namespace watchword::http {
namespace {

TEST(WebsocketHandshake, AnswersTheKeyOfTheRfc) {  // RFC 6455 1.3
  EXPECT_EQ(websocket_accept("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

TEST(WebsocketHandshake, MakesAKeyOfItsOwnEachTime) {
  SeededRandom random(1);
  const std::string one = make_websocket_key(random), two = make_websocket_key(random);
  EXPECT_TRUE(is_websocket_key(one));
  EXPECT_TRUE(is_websocket_key(two));
  EXPECT_NE(one, two);
}

TEST(WebsocketHandshake, TakesOnlySixteenBytesInBase64ForAKey) {
  EXPECT_TRUE(is_websocket_key("dGhlIHNhbXBsZSBub25jZQ=="));
  for (const char* key : {"", "dGhlIHNhbXBsZSBub25jZQ", "dGhlIHNhbXBsZSBub25jZQ=", "dGhlIHNhbXBsZSBub25jZR==",
                          "dGhlIHNhbXBsZSBub25j", "dGhlIHNhbXBsZSBub25jZSE=", "dGhlIHNhbXBsZSBub25jZQ== "})
    EXPECT_FALSE(is_websocket_key(key)) << key;
}

}  // namespace
}  // namespace watchword::http
