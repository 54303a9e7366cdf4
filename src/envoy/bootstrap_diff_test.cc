#include "envoy/bootstrap_diff.h"

#include "envoy/bootstrap_test_util.h"

namespace watchword::envoy {
namespace {

using namespace testing;
using Kind = PartChange::Kind;

// "+ cluster x", "~ host y: path before -> after".
std::vector<std::string> lines(const Json& before, const Json& after) {
  std::vector<std::string> all;
  for (const auto& change : diff_bootstraps(before, after)) {
    if (change.kind != Kind::changed) all.push_back((change.kind == Kind::added ? "+ " : "- ") + change.part);
    for (const auto& [path, old_value, new_value] : change.details)
      all.push_back("~ " + change.part + ": " + path + " " + old_value + " -> " + new_value);
  }
  return all;
}

using Lines = std::vector<std::string>;

TEST(BootstrapDiff, SaysNothingOfTheSame) { EXPECT_EQ(lines(bootstrap_of(kBilling), bootstrap_of(kBilling)), Lines()); }

TEST(BootstrapDiff, NamesANewResourceByItsParts) {
  const auto more = kBilling + resources({{"ledger", "upstream: http://10.0.0.1:80, host: ledger.test"}}).substr(11);
  const Lines added = {"+ cluster resource/ledger", "+ host ledger.test", "+ route ledger.test/ledger"};
  EXPECT_EQ(lines(bootstrap_of(kBilling), bootstrap_of(more)), added);
  const Lines removed = {"- cluster resource/ledger", "- host ledger.test", "- route ledger.test/ledger"};
  EXPECT_EQ(lines(bootstrap_of(more), bootstrap_of(kBilling)), removed);
}

TEST(BootstrapDiff, ShowsWhatChangedInAPart) {
  const auto slower = resources(
      {{"billing-api", "upstream: https://billing.internal, host: billing.test, timeouts: {connect: 7s, idle: 90s}"}});
  const Lines expected = {R"(~ cluster resource/billing-api: connect_timeout "5s" -> "7s")",
                          R"(~ route billing.test/billing-api: route.idle_timeout "60s" -> "90s")"};
  EXPECT_EQ(lines(bootstrap_of(kBilling), bootstrap_of(slower)), expected);
}

TEST(BootstrapDiff, ShowsThatRoutesChangedPlaces) {
  const auto json = bootstrap_of(resources({{"a", "upstream: http://10.0.0.1:80, prefix: /a"}}));
  const auto first = *find_at(json, kHosts + "/0/routes/0"), second = *find_at(json, kHosts + "/0/routes/1");
  const auto swapped = with(with(json, kHosts + "/0/routes/0", second), kHosts + "/0/routes/1", first);
  const Lines expected = {"~ host watchword: routes, in order a:root, a, unknown -> a, a:root, unknown"};
  EXPECT_EQ(lines(json, swapped), expected);
}

TEST(BootstrapDiff, ShowsAWeakerFilter) {
  const auto json = bootstrap_of(kBilling);
  const auto found = lines(json, with(json, kExtProc + "/typed_config/failure_mode_allow", true));
  ASSERT_EQ(found.size(), 1u);
  EXPECT_TRUE(found[0].starts_with("~ listener watchword: ")) << found[0];
  EXPECT_TRUE(found[0].ends_with("failure_mode_allow false -> true")) << found[0];
}

TEST(BootstrapDiff, ReadsAnyDocument) {
  const auto odd = parse_json(R"({"a":[1,{"name":""},{"name":"x"},{"name":"x"},[]],"clusters":{},"routes":[[]]})");
  ASSERT_TRUE(odd);
  EXPECT_EQ(lines(*odd, *odd), Lines());
  EXPECT_FALSE(lines(*odd, Json::object()).empty());
}

}  // namespace
}  // namespace watchword::envoy
