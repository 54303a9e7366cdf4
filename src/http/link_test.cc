#include "http/link.h"

#include <gtest/gtest.h>

namespace watchword::http {
namespace {

TEST(NextLink, IsFoundAmongTheOthersAsGitLabSendsThem) {
  EXPECT_EQ(next_link("<https://a.example.com/x?page=1>; rel=\"prev\", <https://a.example.com/x?page=3>; rel=\"next\", "
                      "<https://a.example.com/x?page=9>; rel=\"last\""),
            "https://a.example.com/x?page=3");
}

TEST(NextLink, IsReadInAllTheFormsOfTheGrammar) {
  for (const char* link : {"<u>; rel=next", "<u>;rel=\"next\"", "<u> ; REL = \"last Next\"", ",, <u>;rel=next",
                           "<u>; title=\"a, <x>; rel=next \\\" b\"; rel=next", "<u>; crossorigin; rel=next",
                           "<x>; rel=prev,<u>; rel=next"})
    EXPECT_EQ(next_link(link), "u") << link;
}

TEST(NextLink, IsNoneWhereNoneIsNamed) {
  for (const char* link : {"", ",", "<u>", "<u>; rel=prev", "<u>; rel=nextish", "<u>; rel=prev; rel=next",
                           "<u>; title=\"; rel=next", "u; rel=next", "<u; rel=next", "<u>; rel",
                           "<u>; rel=", "<u>; rel=\"next", "<u>; x=\"rel=next\"", "<u>; rel=\"\\"})
    EXPECT_EQ(next_link(link), "") << link;
}

}  // namespace
}  // namespace watchword::http
