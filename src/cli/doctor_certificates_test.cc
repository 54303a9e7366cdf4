#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/doctor.h"

namespace watchword::cli {
namespace {

using std::chrono::days;
using ::testing::HasSubstr;

const Time kNow = from_unix(1'790'000'000);

std::vector<net::CertificateDates> ending(std::initializer_list<Duration> left) {
  std::vector<net::CertificateDates> dates;
  for (const auto one : left) dates.push_back({"CN=gate", kNow - days(30), kNow + one});
  return dates;
}

std::optional<Error> trouble(const std::vector<net::CertificateDates>& dates, CertificateUse use) {
  return judge_certificate("certificate", "gate.pem", dates, use, kNow).trouble;
}

TEST(DoctorOfCertificates, IsToldTwoWeeksBeforeTheEnd) {
  EXPECT_FALSE(trouble(ending({days(15)}), CertificateUse::chain));
  const auto soon = trouble(ending({days(14)}), CertificateUse::chain);
  ASSERT_TRUE(soon);
  EXPECT_EQ(soon->reason, Reason::certificate_expiring);
  EXPECT_THAT(soon->found, HasSubstr("in 14 d"));
  EXPECT_EQ(soon->where, "gate.pem");
  const auto over = trouble(ending({-days(1)}), CertificateUse::chain);
  ASSERT_TRUE(over);
  EXPECT_THAT(over->found, HasSubstr("ended at"));
}

TEST(DoctorOfCertificates, AChainEndsWithItsFirstAndABundleWithItsLast) {
  EXPECT_TRUE(trouble(ending({days(100), days(1)}), CertificateUse::chain));
  EXPECT_FALSE(trouble(ending({days(100), -days(1)}), CertificateUse::authorities));
  EXPECT_TRUE(trouble(ending({-days(2), -days(1)}), CertificateUse::authorities));
}

TEST(DoctorOfCertificates, OneThatHasNotBegunIsTrouble) {
  auto dates = ending({days(100)});
  dates.front().from = kNow + days(1);
  const auto found = trouble(dates, CertificateUse::chain);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->reason, Reason::config_invalid);
}

}  // namespace
}  // namespace watchword::cli
