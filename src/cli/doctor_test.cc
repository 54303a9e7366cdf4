#include "cli/doctor.h"

#include <gtest/gtest.h>

namespace watchword::cli {
namespace {

constexpr std::uint64_t kMega = 1u << 20;

TEST(Doctor, AFullDiskIsTroubleBeforeItIsFull) {
  EXPECT_FALSE(judge_space("store space", "/var/lib/watchword", 512 * kMega).trouble);
  const auto full = judge_space("store space", "/var/lib/watchword", 511 * kMega);
  ASSERT_TRUE(full.trouble);
  EXPECT_EQ(full.trouble->found, "511 MiB free");
  EXPECT_EQ(full.trouble->where, "/var/lib/watchword");
}

TEST(Doctor, FindsAnIssuerInWhatTheGateSays) {
  GateSays gate;
  EXPECT_EQ(gate.of_issuer("gitlab"), nullptr);
  gate.context = Json::object({{"issuers", Json::array().push(Json::object({{"issuer", "gitlab"}}))}});
  EXPECT_NE(gate.of_issuer("gitlab"), nullptr);
  EXPECT_EQ(gate.of_issuer("other"), nullptr);
}

}  // namespace
}  // namespace watchword::cli
