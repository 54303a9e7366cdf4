#include "policy/claim_setter.h"

#include <gtest/gtest.h>

#include "issuer/claim_path.h"

namespace watchword::policy {
namespace {

TEST(ClaimSetter, SetsWhatTheClaimPathFinds) {
  for (const char* text : {"ref", "https://acme.example/roles", "realm.roles", "user_identities[0].extern_uid",
                           "claims[\"https://acme.example/a.b\"].c", "claims['a b'][2]", "a.b[1].c", "claims.x[0]"}) {
    const auto path = issuer::ClaimPath::parse(text);
    ASSERT_TRUE(path.has_value()) << text;
    const Json claims = with_claim(Json::object({{"a", "in the way"}}), steps_of(text), "value");
    ASSERT_NE(path->find(claims), nullptr) << text << " in " << claims.dump();
    EXPECT_EQ(*path->find(claims), Json("value")) << text;
    EXPECT_EQ(find_claim(claims, steps_of(text)), path->find(claims)) << text;
  }
}

TEST(ClaimSetter, KeepsTheOthers) {
  const Json claims = Json::object({{"list", Json(Json::Array{1, 2, 3})}, {"x", true}});
  EXPECT_EQ(with_claim(claims, {std::string("list"), std::size_t{1}}, 9).dump(), R"({"list":[1,9,3],"x":true})");
  EXPECT_EQ(without_claim(claims, "list").dump(), R"({"x":true})");
  EXPECT_EQ(with_claim(claims, {std::string("list"), std::size_t{9999}}, 9), claims) << "an absurd index";
}

}  // namespace
}  // namespace watchword::policy
