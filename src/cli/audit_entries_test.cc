// The newest entries are found from the end: what is old is neither read nor needed.
#include "cli/audit_entries.h"

#include <gtest/gtest.h>

#include <cstdio>

#include "audit/test_log.h"
#include "audit/tile.h"

namespace watchword::cli {
namespace {

class AuditEntries : public ::testing::Test {
 protected:
  static constexpr std::uint64_t kSize = 600;  // two whole bundles, and a partial one
  void SetUp() override {
    log_.add(kSize);
    log_.publish();
  }
  std::string ids(const EntryFilter& filter, std::uint64_t end, std::size_t count) {
    auto found = last_matches(log_.directory(), filter, end, count);
    if (!found) return std::string(name(found.error().reason));
    std::string all;
    for (const auto& [entry, text] : *found) all += std::string(entry.string_or("id", "")) + " ";
    return all;
  }
  audit::TestLog log_;
};

TEST_F(AuditEntries, TheLastOnesComeOldestFirst) {
  EXPECT_EQ(log_size(log_.directory()).value(), kSize);
  EXPECT_EQ(ids({}, kSize, 3), "01J597 01J598 01J599 ");
  EXPECT_EQ(ids({}, 514, 4), "01J510 01J511 01J512 01J513 ") << "across two bundles";
  EXPECT_EQ(ids({}, 2, 5), "01J0 01J1 ");
  EXPECT_EQ(ids({}, kSize, 0), "");
  EXPECT_EQ(ids({{{"decision", "deny"}}, {}, {}}, 514, 2), "01J510 01J513 ");
}

TEST_F(AuditEntries, WhatIsNewIsFoundWithoutReadingWhatIsOld) {
  ASSERT_EQ(std::remove(log_.path(audit::bundle_path(0)).c_str()), 0);
  EXPECT_EQ(ids({}, kSize, 300).size(), 300 * 7u);
  EXPECT_EQ(ids({{{"id", "01J300"}}, {}, {}}, kSize, 1), "01J300 ");
  EXPECT_EQ(ids({{{"id", "01J3"}}, {}, {}}, kSize, 1), "log_incomplete") << "what may be there is not denied";
}

TEST_F(AuditEntries, AnEndIsNotPassed) {
  std::uint64_t from = 250;
  std::size_t seen = 0;
  auto count = [&](const Json&, std::string_view) { return ++seen > 0; };
  ASSERT_TRUE(each_match(log_.directory(), {}, from, count, 260).has_value());
  EXPECT_EQ(seen, 10u);
  EXPECT_EQ(from, 260u);
}

}  // namespace
}  // namespace watchword::cli
