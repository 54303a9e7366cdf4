// Where a resource is, is taken from the gate only in a form that cannot lead elsewhere.
#include "job/place.h"

#include <gtest/gtest.h>

namespace watchword::job {
namespace {

Result<Place> place(Json resource) {
  return place_from({.status = 200, .body = Json::object({{"resources", Json::array().push(std::move(resource))}})},
                    "billing-api");
}
Json at(std::string_view kind, std::string_view url) {
  return Json::object({{"name", "billing-api"}, {"kind", kind}, {"url", url}});
}

TEST(Place, IsReadForEachKind) {
  for (const auto kind : {Kind::api, Kind::git, Kind::docker, Kind::kubernetes}) {
    const auto found = place(at(name(kind), "https://gate.example.com:8444/billing/"));
    ASSERT_TRUE(found) << to_string(found.error());
    EXPECT_EQ(found->kind, kind);
    EXPECT_EQ(found->url, "https://gate.example.com:8444/billing");
    EXPECT_EQ(kind_from_name(name(kind)), kind);
  }
  const auto tcp = place(at("tcp", "https://gate.example.com:8444").set("port", 5432));
  ASSERT_TRUE(tcp);
  EXPECT_EQ(tcp->port, 5432);
  EXPECT_TRUE(place(at("api", "http://127.0.0.1:8444")));
  EXPECT_TRUE(place(at("api", "http://localhost:8444/x")));
}

TEST(Place, IsRefusedWhereItIsMalformed) {
  for (const auto* url :
       {"", "billing.example.com", "ftp://gate.example.com", "http://gate.example.com",
        "https://user:pass@gate.example.com", "https://gate.example.com/?a=b", "https://gate.example.com/?",
        "https://gate.example.com/#x", "https://gate.example.com/../x", "https://gate.example.com/a//b",
        "https://gate.example.com/a b", "https://gate.example.com\r\n", "https://", "https://gate.example.com:0x50"})
    EXPECT_FALSE(place(at("api", url))) << url;
  EXPECT_FALSE(place(at("api", "https://gate.example.com/" + std::string(4096, 'a'))));
  EXPECT_FALSE(place(at("database", "https://gate.example.com")));
  EXPECT_FALSE(place(at("", "https://gate.example.com")));
  for (const Json& port : {Json(), Json(0), Json(65536), Json("5432")})
    EXPECT_FALSE(place(at("tcp", "https://gate.example.com").set("port", port)));
  EXPECT_FALSE(place(at("tcp", "https://gate.example.com/prefix").set("port", 5432)));
  EXPECT_FALSE(place(Json::object({{"name", "other"}, {"kind", "api"}, {"url", "https://gate.example.com"}})));
}

}  // namespace
}  // namespace watchword::job
