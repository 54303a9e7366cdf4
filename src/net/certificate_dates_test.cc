#include "net/certificate_dates.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/certificates.h"

namespace watchword::net {
namespace {

using watchword::testing::CertificateAuthority;

TEST(CertificateDates, AreThoseOfEachCertificateInTheFile) {
  const CertificateAuthority authority("Acme CA");
  const auto before = SystemClock().now();
  const auto leaf = authority.issue({.name = "gate", .hosts = {"gate.example.com"}, .valid_to_seconds = 86'400});
  const auto dates = certificate_dates(leaf.certificate + authority.pem());
  ASSERT_TRUE(dates) << to_string(dates.error());
  ASSERT_EQ(dates->size(), 2u);
  EXPECT_THAT(dates->front().subject, ::testing::HasSubstr("CN=gate"));
  EXPECT_THAT(dates->back().subject, ::testing::HasSubstr("CN=Acme CA"));
  EXPECT_LT(dates->front().from, before);
  EXPECT_GE(dates->front().until, before + std::chrono::seconds(86'399));
  EXPECT_LE(dates->front().until, SystemClock().now() + std::chrono::seconds(86'401));
}

TEST(CertificateDates, OfATextWithoutCertificateAreAnError) {
  for (const auto* text :
       {"", "-----BEGIN CERTIFICATE-----", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"}) {
    const auto dates = certificate_dates(text);
    ASSERT_FALSE(dates) << text;
    EXPECT_EQ(dates.error().reason, Reason::config_invalid);
  }
}

}  // namespace
}  // namespace watchword::net
