// What doctor makes of what the gate says of an Envoy that it feeds.
#include <gmock/gmock.h>

#include "cli/doctor.h"

namespace watchword::cli {
namespace {

using ::testing::HasSubstr;

std::string shown(const std::string& json) {
  const auto node = parse_json(json);
  EXPECT_TRUE(node.has_value()) << json;
  const auto check = judge_envoy(*node);
  EXPECT_EQ(check.name, "envoy edge");
  return check.trouble ? "bad: " + to_string(*check.trouble) + " " + check.trouble->fix : check.detail;
}

std::string node_with(const std::string& type) {
  return R"({"node":"edge","refused":7,"refusal":"an old one","streams":[{"form":"delta","types":[)" + type + "]}]}";
}

TEST(DoctorEnvoy, IsGoodWhenConnectedThoughSomethingWasRefusedBefore) {
  EXPECT_EQ(shown(node_with(R"({"type":"cluster","wanted":"a","taken":"a","refused":7})")), "connected: 1");
}

TEST(DoctorEnvoy, TellsInEnvoysWordsWhatItRefuses) {
  const auto text =
      shown(node_with(R"({"type":"secret","wanted":"b","taken":"a","refused":1,"refusal":"no certificate"})"));
  EXPECT_THAT(text, HasSubstr("bad: "));
  EXPECT_THAT(text, HasSubstr("secret: no certificate"));
}

TEST(DoctorEnvoy, TellsThatNoneIsConnectedAndHowToStartOne) {
  const auto text = shown(R"({"node":"edge","refused":0,"streams":[]})");
  EXPECT_THAT(text, HasSubstr("no Envoy of this name is connected"));
  EXPECT_THAT(text, HasSubstr("watchword envoy config --node edge"));
}

TEST(DoctorEnvoy, TellsWhatANodeHasNotOfThePolicy) {
  const auto text =
      shown(R"({"node":"edge","refused":0,"streams":[{"form":"sotw","types":[]}],)"
            R"("trouble":{"reason":"config_invalid","found":"ambiguous_paths: allow","expected":"refuse"}})");
  EXPECT_THAT(text, HasSubstr("has not all that the policy says: ambiguous_paths: allow"));
}

}  // namespace
}  // namespace watchword::cli
