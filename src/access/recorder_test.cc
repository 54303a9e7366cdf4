// What is on record, and what happens when it cannot be.
#include "access/recorder.h"

#include <gtest/gtest.h>

#include "net/loop.h"
#include "support/gate_fixture.h"

namespace watchword::access {
namespace {

using testing::TestGate;

TEST(Recorder, LetsStrangersFillNoDisk) {
  TestGate gate;
  auto refuse = [&](bool verified) {
    return gate.recorder().queue_refusal(gate.recorder().start(audit::Event::exchange),
                                         {Reason::token_malformed, {}, {}, {}, {}}, verified);
  };
  auto before = gate.log().size();
  for (std::int64_t i = 0; i < Recorder::kUnverifiedPerSecond; ++i) EXPECT_FALSE(refuse(false).record.empty());
  auto beyond = refuse(false);
  EXPECT_TRUE(beyond.record.empty()) << "no record is named that is not there";
  EXPECT_EQ(beyond.error.reason, Reason::token_malformed) << "and the refusal stays what it was";
  EXPECT_FALSE(refuse(true).record.empty()) << "a verified caller always has one";
  gate.clock.advance(std::chrono::seconds(1));
  EXPECT_FALSE(refuse(false).record.empty());
  EXPECT_EQ(gate.log().size(), before + static_cast<std::size_t>(Recorder::kUnverifiedPerSecond) + 2);
  EXPECT_NE(gate.metrics.render().find("watchword_unverified_refusals_unrecorded_total 1\n"), std::string::npos);
}

TEST(Recorder, MakesRequestsWaitOnceARecordWasLost) {
  TestGate gate;
  auto record = [&] {
    return net::run_blocking(gate.recorder().queue_or_commit(gate.recorder().start(audit::Event::request)));
  };
  EXPECT_TRUE(record().has_value());
  gate.store().fail(true);
  EXPECT_TRUE(record().has_value()) << "queued: nobody knows yet";
  EXPECT_EQ(record().error().reason, Reason::store_unavailable) << "refused from then on";
  EXPECT_EQ(record().error().reason, Reason::store_unavailable);
  EXPECT_NE(gate.metrics.render().find("watchword_audit_entries_lost_total 1\n"), std::string::npos);
  gate.store().fail(false);
  auto before = gate.log().size();
  EXPECT_TRUE(record().has_value());
  EXPECT_TRUE(record().has_value());
  EXPECT_EQ(gate.log().size(), before + 2);
}

}  // namespace
}  // namespace watchword::access
