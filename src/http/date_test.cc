#include "http/date.h"

#include <gtest/gtest.h>

namespace watchword::http {
namespace {

TEST(HttpDate, IsReadInTheFormThatIsSentToday) {
  EXPECT_EQ(parse_date("Sun, 06 Nov 1994 08:49:37 GMT"), from_unix(784111777));  // RFC 9110 5.6.7
  EXPECT_EQ(parse_date("Thu, 01 Jan 1970 00:00:00 GMT"), from_unix(0));
  EXPECT_EQ(parse_date("Sat, 29 Feb 2020 23:59:60 GMT"), from_unix(1583020800));
}

TEST(HttpDate, IsNoneInAnyOtherForm) {
  for (const auto* text :
       {"", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994", "Sun, 06 Nov 1994 08:49:37 UTC",
        "Mon, 06 Nov 1994 08:49:37 GMT", "Sun, 31 Feb 2026 08:49:37 GMT", "Sun, 06 Nov 1994 24:49:37 GMT",
        "Sun, -6 Nov 1994 08:49:37 GMT", "Sun, 06 nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 GMT "})
    EXPECT_FALSE(parse_date(text)) << text;
}

}  // namespace
}  // namespace watchword::http
