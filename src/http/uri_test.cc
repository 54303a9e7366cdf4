#include "http/uri.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace watchword::http {
namespace {

using namespace std::string_literals;
using ::testing::HasSubstr;

TEST(Percent, DecodesOnlyWholeEscapes) {
  EXPECT_EQ(percent_decode("a%2Fb%00%fF+"), "a/b\0\xff+"s);
  for (const char* bad : {"%", "%1", "a%", "%g0", "%0g", "%%41", "% 1", "%+1"})
    EXPECT_EQ(percent_decode(bad), std::nullopt) << bad;
}

TEST(Percent, EncodesAllButUnreservedAndBack) {
  std::string all;
  for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
  EXPECT_EQ(percent_decode(percent_encode(all)), all);
  EXPECT_EQ(percent_encode("aZ09-._~ /%\xff"), "aZ09-._~%20%2F%25%FF");
}

TEST(NormalisePath, GivesEachPathOneSpelling) {
  const std::vector<std::pair<const char*, const char*>> cases = {
      {"/", "/"},
      {"/a/b/", "/a/b/"},
      {"/%61%2D%5f", "/a-_"},
      {"/f%c3%bcr", "/f%C3%BCr"},
      {"/a%40b%2b", "/a@b+"},
      {"/a@b+", "/a@b+"},
      {"/a|b", "/a%7Cb"},
      {"/a%7cb", "/a%7Cb"},
      {"/100%25", "/100%25"},
      {"/%25zz", "/%25zz"},
      {"/q%3fx%23%20", "/q%3Fx%23%20"},
      {"/...", "/..."},
      {"/.well-known/a", "/.well-known/a"},
      {"/a..b/.c", "/a..b/.c"},
  };
  for (const auto& [path, expected] : cases) {
    const auto normal = normalise_path(path);
    ASSERT_TRUE(normal) << path << " " << to_string(normal.error());
    EXPECT_EQ(*normal, expected);
    EXPECT_EQ(*normalise_path(*normal), *normal) << "not idempotent";
  }
}

TEST(NormalisePath, RefusesEveryPathThatTwoServersMayReadDifferently) {
  const std::vector<std::pair<std::string, const char*>> cases = {
      {"/a%2Fb", "an encoded slash at byte 2"},
      {"/a%2fb", "an encoded slash"},
      {"/a\\b", "a backslash"},
      {"/a%5Cb", "an encoded backslash"},
      {"/a/../b", "a dot segment"},
      {"/..", "a dot segment"},
      {"/a/.", "a dot segment"},
      {"/./a", "a dot segment"},
      {"/%2e%2E/a", "a dot segment"},
      {"/a/.%2e", "a dot segment"},
      {"/%2e", "a dot segment"},
      {"//", "an empty segment"},
      {"//a", "an empty segment"},
      {"/a//b", "an empty segment"},
      {"/a;b", "path parameters"},
      {"/..;/a", "path parameters"},
      {"/a%3Bb", "encoded path parameters"},
      {"/a%00", "an encoded NUL"},
      {"/a\0b"s, "a control character"},
      {"/a%0d%0aX", "an encoded NUL or control"},
      {"/a%7f", "an encoded NUL or control"},
      {"/a\tb", "a control character"},
      {"/a b", "a space"},
      {"/a?b", "a space, '?'"},
      {"/a#b", "a space, '?' or '#'"},
      {"/f\xc3\xbc", "a byte beyond ASCII"},
      {"/%c0%af", "escapes that are not UTF-8"},
      {"/%c0%ae%c0%ae/", "escapes that are not UTF-8"},
      {"/%e0%80%af", "escapes that are not UTF-8"},
      {"/%ff", "escapes that are not UTF-8"},
      {"/%252e", "a double encoding"},
      {"/%2525", "a double encoding"},
      {"/%25%32%65", "a double encoding"},
      {"/%", "a '%' that"},
      {"/%4", "a '%' that"},
      {"/%zz", "a '%' that"},
      {"/%u002f", "a '%' that"},
  };
  for (const auto& [path, trick] : cases) {
    const auto normal = normalise_path(path);
    ASSERT_FALSE(normal) << path << " became " << *normal;
    EXPECT_EQ(normal.error().reason, Reason::path_ambiguous) << path;
    EXPECT_THAT(normal.error().found, HasSubstr(trick)) << path;
  }
  for (const char* path : {"", "a", "*", "%2F", "http://a/"})
    EXPECT_EQ(normalise_path(path).error().reason, Reason::http_malformed);
}

TEST(Authority, TakesNamesAndAddressesOnly) {
  const auto show = [](std::string_view text) -> std::string {
    const auto parsed = parse_authority(text);
    if (!parsed) return "none";
    return std::string(parsed->host) + " " + std::to_string(parsed->port.value_or(0));
  };
  EXPECT_EQ(show("example.com"), "example.com 0");
  EXPECT_EQ(show("Example.com:8443"), "Example.com 8443");
  EXPECT_EQ(show("my_service:1"), "my_service 1");
  EXPECT_EQ(show("192.0.2.1:65535"), "192.0.2.1 65535");
  EXPECT_EQ(show("[2001:db8::7]"), "[2001:db8::7] 0");
  EXPECT_EQ(show("[::ffff:192.0.2.1]:80"), "[::ffff:192.0.2.1] 80");
  for (const char* bad : {"", ":", ":1", "a:", "a:0", "a:65536", "a:1x", "a:123456", "u@a", "a/", "[::1", "[::1]1",
                          "[::1]:", "[]", "[a]", "::1", "a b", "a%41", "[::1%eth0]"})
    EXPECT_EQ(show(bad), "none") << bad;
}

TEST(Url, ReadsAbsoluteHttpUrls) {
  const auto show = [](std::string_view text) -> std::string {
    const auto url = parse_url(text);
    if (!url) return to_string(url.error());
    return url->scheme + " " + url->host + " " + std::to_string(url->port) + " " + url->path + " " + url->query;
  };
  EXPECT_EQ(show("https://Gitlab.Example.com"), "https gitlab.example.com 443 / ");
  EXPECT_EQ(show("HTTP://a:8080/b/c?d=e?f"), "http a 8080 /b/c d=e?f");
  EXPECT_EQ(show("http://[::1]?q"), "http ::1 80 / q");
  EXPECT_EQ(show("http://a/%7Euser/"), "http a 80 /%7Euser/ ");
  for (const char* bad : {"",
                          "a",
                          "//a",
                          "/a",
                          "ftp://a",
                          "file:///etc/passwd",
                          "https:a",
                          "https:/a",
                          "https://",
                          "https:///a",
                          "https://u@a",
                          "https://u:p@a/",
                          "https://a#f",
                          "https://a/#",
                          "https://a\\b",
                          "https://a/\\b",
                          "https://a b",
                          "https://a/ b",
                          "https://a/\n",
                          "https://a:0",
                          "https://a:x",
                          "https://a/%zz",
                          "https://\xc3\xa4/",
                          "https://a/\xc3\xa4",
                          "https://a/<x>",
                          "https://a/{x}",
                          " https://a",
                          "javascript://a"})
    EXPECT_THAT(show(bad), HasSubstr("request_invalid: found ")) << bad;
  EXPECT_THAT(show("https://user:s3cret@a/"), Not(HasSubstr("s3cret")));
}

}  // namespace
}  // namespace watchword::http
