// What every store promises, whatever is behind it. A new implementation joins by a row in kImplementations.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <future>
#include <latch>
#include <mutex>
#include <set>
#include <thread>

#include "store/store.h"

namespace watchword::store {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

struct Implementation {
  const char* name;
  std::string (*url)(const std::string& folder);
};
const Implementation kImplementations[] = {
    {"sqlite_file", [](const std::string& folder) { return "sqlite://" + folder + "/state.db"; }},
    {"sqlite_memory", [](const std::string&) { return std::string("sqlite::memory:"); }},
};

Time at(std::int64_t seconds) { return from_unix(1'790'000'000 + seconds); }

SessionRow row(std::string id, std::string job) {
  return {.id = std::move(id),
          .issuer = "gitlab",
          .job = std::move(job),
          .project = "acme/billing",
          .pipeline = "77",
          .ref = "main",
          .environment = "production",
          .user = "ada",
          .opened = at(0),
          .expires = at(3600),
          .keep_until = at(7200),
          .ended = {},
          .end_reason = {},
          .document = R"({"sha":"1f2e"})"};
}

Batch with_entries(std::vector<std::string> entries) { return {.changes = {}, .entries = std::move(entries)}; }
Batch put(SessionRow session) {
  std::string entry = "{\"session\":\"" + session.id + "\"}";
  return {.changes = {PutSession{std::move(session)}}, .entries = {std::move(entry)}};
}

class StoreConformance : public ::testing::TestWithParam<Implementation> {
 protected:
  void SetUp() override {
    std::string name = ::testing::TempDir() + "store.XXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
    open({});
  }
  void TearDown() override {
    store_.reset();
    std::filesystem::remove_all(folder_);
  }
  void open(StoreOptions options) {
    store_.reset();
    options.url = GetParam().url(folder_);
    auto opened = open_store(options);
    ASSERT_TRUE(opened.has_value()) << to_string(opened.error());
    store_ = std::move(*opened);
  }
  std::vector<std::string> ids(const SessionQuery& query) {
    std::vector<std::string> out;
    for (const auto& session : store_->sessions(query).value()) out.push_back(session.id);
    return out;
  }
  std::string folder_;
  std::unique_ptr<Store> store_;
};

INSTANTIATE_TEST_SUITE_P(Stores, StoreConformance, ::testing::ValuesIn(kImplementations),
                         [](const auto& implementation) { return std::string(implementation.param.name); });

TEST_P(StoreConformance, ANewStoreIsEmpty) {
  EXPECT_EQ(store_->log_size().value(), 0u);
  EXPECT_THAT(store_->log_entries(0, 10).value(), IsEmpty());
  EXPECT_THAT(store_->sessions({}).value(), IsEmpty());
  EXPECT_THAT(store_->keys().value(), IsEmpty());
  EXPECT_EQ(store_->meta("x").value(), std::nullopt);
  EXPECT_EQ(store_->session("x").value(), std::nullopt);
}

TEST_P(StoreConformance, EntriesGetConsecutiveIndexesInTheOrderOfTheCalls) {
  EXPECT_EQ(store_->commit_and_wait(with_entries({"a", "b"})).value(), 0u);
  EXPECT_EQ(store_->commit_and_wait(with_entries({})).value(), 2u) << "no entries: where the next would be";
  EXPECT_EQ(store_->commit_and_wait(with_entries({std::string("\0\xff", 2)})).value(), 2u);
  EXPECT_EQ(store_->log_size().value(), 3u);
  EXPECT_THAT(store_->log_entries(0, 10).value(), ElementsAre("a", "b", std::string("\0\xff", 2)));
  EXPECT_THAT(store_->log_entries(1, 1).value(), ElementsAre("b"));
  EXPECT_THAT(store_->log_entries(3, 10).value(), IsEmpty());
}

TEST_P(StoreConformance, WhatIsAcknowledgedCanBeReadAtOnceAndInOrder) {
  std::latch finished(300);
  std::vector<std::uint64_t> acknowledged;
  bool readable = true;
  for (std::uint64_t i = 0; i < 300; ++i) {
    store_->commit(with_entries({std::to_string(i)}), [&, i](Result<std::uint64_t> index) {
      acknowledged.push_back(index.value());
      readable = readable && store_->log_entries(i, 1).value() == std::vector{std::to_string(i)};
      finished.count_down();
    });
  }
  finished.wait();
  EXPECT_TRUE(readable);
  ASSERT_EQ(acknowledged.size(), 300u);
  EXPECT_TRUE(std::ranges::is_sorted(acknowledged));
}

TEST_P(StoreConformance, WhatCanWaitIsWrittenWithoutCompanyAndBeforeWhatComesAfterIt) {
  const auto that_can_wait = [](std::string entry) {
    Batch batch = with_entries({std::move(entry)});
    batch.can_wait = true;
    return batch;
  };
  std::promise<std::uint64_t> alone;
  store_->commit(that_can_wait("a"), [&](Result<std::uint64_t> index) { alone.set_value(index.value()); });
  EXPECT_EQ(alone.get_future().get(), 0u);

  std::atomic<bool> written = false;
  store_->commit(that_can_wait("b"), [&](Result<std::uint64_t> index) { written = index == 1u; });
  EXPECT_EQ(store_->commit_and_wait(with_entries({"c"})).value(), 2u);
  EXPECT_TRUE(written);
}

TEST_P(StoreConformance, WhatCanWaitIsNotLostWhenTheStoreIsClosed) {
  if (std::string_view(GetParam().name) == "sqlite_memory") GTEST_SKIP() << "nothing stays";
  std::atomic<int> written = 0;
  for (int i = 0; i < 100; ++i) {
    Batch batch = with_entries({std::to_string(i)});
    batch.can_wait = true;
    store_->commit(std::move(batch), [&](Result<std::uint64_t> index) { written += index.has_value(); });
  }
  open({});
  EXPECT_EQ(written, 100);
  EXPECT_EQ(store_->log_size().value(), 100u);
}

TEST_P(StoreConformance, ManyThreadsCommitAndEachBatchIsAcknowledgedOnce) {
  constexpr int kThreads = 8, kEach = 500;
  std::mutex mutex;
  std::multiset<std::uint64_t> firsts;
  std::latch all(kThreads * kEach);
  std::vector<std::jthread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kEach; ++i) {
        const std::string name = std::to_string(t) + "/" + std::to_string(i);
        store_->commit(with_entries({name + "a", name + "b"}), [&](Result<std::uint64_t> first) {
          {
            const std::lock_guard lock(mutex);
            firsts.insert(first.value());
          }
          all.count_down();  // last: then the test may end
        });
      }
    });
  }
  all.wait();
  threads.clear();
  ASSERT_EQ(firsts.size(), std::size_t{kThreads * kEach});
  std::uint64_t expected = 0;
  for (const auto first : firsts) EXPECT_EQ(first, std::exchange(expected, expected + 2));
  const auto entries = store_->log_entries(0, 100'000).value();
  ASSERT_EQ(entries.size(), std::size_t{2 * kThreads * kEach});
  for (std::size_t i = 0; i < entries.size(); i += 2)
    EXPECT_EQ(entries[i].substr(0, entries[i].size() - 1), entries[i + 1].substr(0, entries[i + 1].size() - 1))
        << "a batch's entries stand together";
  EXPECT_EQ(store_->backlog(), 0u);
}

TEST_P(StoreConformance, AFailingBatchIsKeptInNoPartAndFailsNoNeighbour) {
  ASSERT_TRUE(store_->commit_and_wait(put(row("01A", "job-1"))).has_value());
  Batch bad = put(row("01B", "job-1"));  // the job has an open session
  bad.changes.insert(bad.changes.begin(), SetMeta{"touched", "yes"});
  std::latch finished(3);
  std::vector<Result<std::uint64_t>> results;
  const auto keep = [&](Result<std::uint64_t> result) {
    results.push_back(std::move(result));
    finished.count_down();
  };
  // Held back until all three wait, so that they share a transaction.
  std::latch held(1), release(1);
  store_->commit(with_entries({"held"}), [&](const auto&) {
    held.count_down();
    release.wait();
  });
  held.wait();
  store_->commit(with_entries({"before"}), keep);
  store_->commit(std::move(bad), keep);
  store_->commit(with_entries({"after"}), keep);
  release.count_down();
  finished.wait();

  EXPECT_EQ(results[0].value(), 2u);
  ASSERT_FALSE(results[1].has_value());
  EXPECT_EQ(results[1].error().reason, Reason::internal);
  EXPECT_EQ(results[2].value(), 3u) << "indexes stay consecutive";
  EXPECT_THAT(store_->log_entries(1, 9).value(), ElementsAre("held", "before", "after"));
  EXPECT_EQ(store_->meta("touched").value(), std::nullopt);
  EXPECT_THAT(ids({}), ElementsAre("01A"));
}

TEST_P(StoreConformance, AnEntryThatTheLogFormatCannotHoldIsRefused) {
  EXPECT_TRUE(store_->commit_and_wait(with_entries({std::string(65535, 'x')})).has_value());
  EXPECT_FALSE(store_->commit_and_wait(with_entries({"a", std::string(65536, 'x')})).has_value());
  EXPECT_EQ(store_->log_size().value(), 1u);
}

TEST_P(StoreConformance, TooMuchWaitingIsRefusedAtOnceAndCountedCorrectly) {
  for (const bool by_bytes : {false, true}) {
    SCOPED_TRACE(by_bytes);
    open(by_bytes ? StoreOptions{.url = {}, .max_backlog = 100, .max_backlog_bytes = 20'000}
                  : StoreOptions{.url = {}, .max_backlog = 5});
    std::latch held(1), release(1);
    store_->commit(with_entries({"held"}), [&](const auto&) {
      held.count_down();
      release.wait();
    });
    held.wait();
    std::atomic<int> written = 0;
    const std::string entry(by_bytes ? 3000 : 1, 'x');
    for (int i = 0; i < 5; ++i) store_->commit(with_entries({entry}), [&](const auto& r) { written += r.has_value(); });
    EXPECT_EQ(store_->backlog(), 5u);
    std::optional<Reason> refused;
    const auto caller = std::this_thread::get_id();
    store_->commit(with_entries({std::string(6000, 'y')}), [&](const Result<std::uint64_t>& result) {
      EXPECT_EQ(std::this_thread::get_id(), caller);
      refused = result.error().reason;
    });
    EXPECT_EQ(refused, Reason::backlog_full);
    release.count_down();
    EXPECT_TRUE(store_->commit_and_wait({}).has_value()) << "a batch without entries only waits its turn";
    EXPECT_EQ(written, 5);
    EXPECT_EQ(store_->backlog(), 0u);
    EXPECT_TRUE(store_->commit_and_wait(with_entries({"room again"})).has_value());
  }
}

TEST_P(StoreConformance, FactsThatWaitCountWithAllTheirText) {
  open(StoreOptions{.url = {}, .max_backlog_bytes = 20'000});
  const std::string text(15'000, 'x');
  for (const auto member :
       {&FactRow::issuer, &FactRow::project, &FactRow::kind, &FactRow::key, &FactRow::value, &FactRow::source}) {
    std::latch held(1), release(1);
    store_->commit({}, [&](const auto&) {
      held.count_down();
      release.wait();
    });
    held.wait();
    FactRow row{"gitlab", "7", "job", "4711", "1", "webhook", {}, {}, {}};
    row.*member = text;
    std::vector<Reason> refused;
    const auto note = [&](const Result<std::uint64_t>& result) {
      if (!result) refused.push_back(result.error().reason);
    };
    store_->commit({{PutFact{row}}, {}}, note);
    store_->commit({{PutFact{row}}, {}}, note);
    release.count_down();
    EXPECT_TRUE(store_->commit_and_wait({}).has_value());
    EXPECT_THAT(refused, ElementsAre(Reason::backlog_full));
  }
}

TEST_P(StoreConformance, GrowthIsToldAfterTheAcknowledgements) {
  std::vector<std::string> events;
  std::promise<void> told;
  store_->on_grown([&](std::uint64_t size) {
    events.push_back("grown " + std::to_string(size));
    told.set_value();
  });
  store_->commit(with_entries({"a", "b"}),
                 [&](const auto& first) { events.push_back("done " + std::to_string(*first)); });
  told.get_future().wait();
  EXPECT_THAT(events, ElementsAre("done 0", "grown 2"));
  store_->on_grown({});
  EXPECT_TRUE(store_->commit_and_wait(with_entries({"c"})).has_value()) << "and nobody is told";
}

TEST_P(StoreConformance, ClosingWritesWhatWaits) {
  std::atomic<int> acknowledged = 0;
  for (int i = 0; i < 1000; ++i)
    store_->commit(with_entries({"x"}), [&](const auto& r) { acknowledged += r.has_value(); });
  store_.reset();
  EXPECT_EQ(acknowledged, 1000);
}

TEST_P(StoreConformance, SessionsAreKeptWholeAndChangedById) {
  SessionRow session = row("01A", "job-1");
  ASSERT_TRUE(store_->commit_and_wait(put(session)).has_value());
  EXPECT_EQ(store_->session("01A").value(), session);
  session.ended = at(10) + Duration(7);
  session.end_reason = "job_ended";
  session.document = "{}";
  ASSERT_TRUE(store_->commit_and_wait(put(session)).has_value());
  EXPECT_EQ(store_->session("01A").value(), session);
  ASSERT_TRUE(store_->commit_and_wait(put(row("01B", "job-1"))).has_value()) << "the job's session has ended";
  SessionRow elsewhere = row("01C", "job-1");
  elsewhere.issuer = "github";
  ASSERT_TRUE(store_->commit_and_wait(put(elsewhere)).has_value()) << "another issuer's job of the same name";
}

TEST_P(StoreConformance, OneBatchCanReplaceAJobsSession) {
  SessionRow old = row("01A", "job-1");
  ASSERT_TRUE(store_->commit_and_wait(put(old)).has_value());
  old.ended = at(5);
  old.end_reason = "replaced";
  ASSERT_TRUE(store_->commit_and_wait({{PutSession{old}, PutSession{row("01B", "job-1")}}, {}}).has_value());
  EXPECT_THAT(ids({}), ElementsAre("01B"));
}

TEST_P(StoreConformance, SessionsAreFoundByEveryFieldNewestFirstAndByPage) {
  Batch batch;
  for (int i = 0; i < 6; ++i) {
    SessionRow r = row("01" + std::to_string(i), "job-" + std::to_string(i));
    if (i == 1) r.project = "acme/web";
    if (i == 2) r.pipeline = "78";
    if (i == 3) r.user = "o'; DROP TABLE sessions; --";
    if (i == 4) r.environment = "staging";
    if (i == 5) r.ended = at(1);
    batch.changes.emplace_back(PutSession{r});
  }
  ASSERT_TRUE(store_->commit_and_wait(std::move(batch)).has_value());
  EXPECT_THAT(ids({}), ElementsAre("014", "013", "012", "011", "010"));
  EXPECT_THAT(ids({.include_ended = true, .limit = 2}), ElementsAre("015", "014"));
  EXPECT_THAT(ids({.before = "013", .limit = 2}), ElementsAre("012", "011"));
  EXPECT_THAT(ids({.project = "acme/web"}), ElementsAre("011"));
  EXPECT_THAT(ids({.pipeline = "78"}), ElementsAre("012"));
  EXPECT_THAT(ids({.user = "o'; DROP TABLE sessions; --"}), ElementsAre("013"));
  EXPECT_THAT(ids({.environment = "staging"}), ElementsAre("014"));
  EXPECT_THAT(ids({.issuer = "gitlab", .job = "job-0"}), ElementsAre("010"));
  EXPECT_THAT(ids({.issuer = "github"}), IsEmpty());
  EXPECT_THAT(ids({.job = "job-5"}), IsEmpty());
  EXPECT_THAT(ids({.job = "job-5", .include_ended = true}), ElementsAre("015"));
}

TEST_P(StoreConformance, TheSessionsToKeepComeBackAtStart) {
  SessionRow ended = row("01A", "job-2"), over = row("01C", "job-3"), unended = row("01D", "job-4");
  ended.ended = over.ended = at(1);
  over.keep_until = unended.keep_until = at(3600);
  ASSERT_TRUE(store_->commit_and_wait(
      {{PutSession{row("01B", "job-1")}, PutSession{ended}, PutSession{over}, PutSession{unended}}, {}}));
  std::vector<std::string> seen;
  const auto collect = [&](const SessionRow& session) { seen.push_back(session.id); };
  ASSERT_TRUE(store_->each_session_in_memory(at(3600), collect).has_value());
  EXPECT_THAT(seen, ElementsAre("01A", "01B", "01D"))
      << "oldest first; not what has ended and is over at this very moment, but whatever still needs an end";
}

TEST_P(StoreConformance, ASessionKeepsItsFirstEndWhateverIsWrittenLater) {
  const SessionRow open = row("01A", "job-1");
  SessionRow ended = open, again = open;
  ended.ended = at(5);
  ended.end_reason = "job_ended";
  again.ended = at(9);
  again.end_reason = "revoked";
  for (const SessionRow& written : {ended, open, again})
    ASSERT_TRUE(store_->commit_and_wait({{PutSession{written}}, {}}).has_value());
  EXPECT_EQ(store_->session("01A").value(), ended);
}

TEST_P(StoreConformance, RevocationsAreKeptUntilTheTokenWouldHaveExpired) {
  ASSERT_TRUE(store_->commit_and_wait({{Revoke{{"a", at(10)}}, Revoke{{"b", at(20)}}}, {}}).has_value());
  EXPECT_THAT(store_->revocations(at(0)).value(), ElementsAre(Revocation{"a", at(10)}, Revocation{"b", at(20)}));
  EXPECT_THAT(store_->revocations(at(10)).value(), ElementsAre(Revocation{"b", at(20)}));
  ASSERT_TRUE(store_->commit_and_wait({{Revoke{{"b", at(15)}}}, {}}).has_value());
  EXPECT_THAT(store_->revocations(at(16)).value(), ElementsAre(Revocation{"b", at(20)})) << "never shortened";
}

TEST_P(StoreConformance, AClockThatWasAheadForAWhileRevivesNoRevokedToken) {
  ASSERT_TRUE(store_->commit_and_wait({{Revoke{{"a", at(10)}}}, {}}).has_value());
  EXPECT_THAT(store_->revocations(at(3600)).value(), IsEmpty());
  ASSERT_TRUE(store_->commit_and_wait({{Revoke{{"b", at(7200)}}}, {}}).has_value());
  EXPECT_EQ(store_->revocations(at(0)).value().size(), 2u);
  EXPECT_THAT(store_->revocations(at(10 * 86400)).value(), IsEmpty());
  ASSERT_TRUE(store_->commit_and_wait({{Revoke{{"c", at(7200)}}}, {}}).has_value());
  EXPECT_THAT(store_->revocations(at(0)).value(), ElementsAre(Revocation{"c", at(7200)})) << "forgotten for good";
}

TEST_P(StoreConformance, AFactTakesThePlaceOfTheOneBeforeIt) {
  const FactRow running{"gitlab", "7", "job", "4711", R"("running")", "webhook", at(1), at(2), at(100)};
  FactRow finished = running, other = running, over = running;
  finished.value = R"("success")";
  finished.at = at(5);
  other.project = "8";
  over.key = "4712";
  over.keep_until = at(10);
  ASSERT_TRUE(store_->commit_and_wait({{PutFact{running}, PutFact{other}, PutFact{over}, PutFact{finished}}, {}}));
  std::vector<FactRow> seen;
  const auto collect = [&](FactRow row) { seen.push_back(std::move(row)); };
  ASSERT_TRUE(store_->each_fact(at(10), collect).has_value());
  EXPECT_THAT(seen, UnorderedElementsAre(finished, other)) << "not what is over at this very moment";
  seen.clear();
  ASSERT_TRUE(store_->commit_and_wait({{DropFact{"gitlab", "8", "job", "4711"}}, {}}).has_value());
  ASSERT_TRUE(store_->each_fact(at(0), collect).has_value());
  EXPECT_THAT(seen, UnorderedElementsAre(finished, over));
}

TEST_P(StoreConformance, DroppingAFactLeavesTheOneThatTookItsPlace) {
  const FactRow before{"", "", "freeze", "production", "{}", "freeze", at(1), at(1), at(10)};
  FactRow after = before;
  after.at = after.learned = at(5);
  const DropFact drop{.issuer = "", .project = "", .kind = "freeze", .key = "production", .not_after = at(1)};
  const auto rows = [&] {
    std::size_t count = 0;
    EXPECT_TRUE(store_->each_fact(at(0), [&](const FactRow&) { ++count; }).has_value());
    return count;
  };
  ASSERT_TRUE(store_->commit_and_wait({{PutFact{before}, PutFact{after}, drop}, {}}).has_value());
  EXPECT_EQ(rows(), 1u);
  ASSERT_TRUE(store_->commit_and_wait({{PutFact{before}, drop}, {}}).has_value());
  EXPECT_EQ(rows(), 0u);
}

TEST_P(StoreConformance, DeliveriesAreRememberedUntilTheirEnd) {
  ASSERT_TRUE(store_->commit_and_wait({{PutDelivery{{"a1", at(10)}, at(0)}, PutDelivery{{"b2", at(20)}, at(0)}}, {}}));
  EXPECT_THAT(store_->deliveries(at(10)).value(), ElementsAre(Delivery{"b2", at(20)}));
  ASSERT_TRUE(store_->commit_and_wait({{PutDelivery{{"b2", at(20)}, at(15)}}, {}}).has_value()) << "once more";
  EXPECT_THAT(store_->deliveries(at(0)).value(), ElementsAre(Delivery{"b2", at(20)})) << "the other is forgotten";
}

TEST_P(StoreConformance, KeysAreKeptChangedAndDropped) {
  KeyRow first{"k1", "tokens", "ES256", "active", at(0), at(1), at(2), std::string("\0sealed", 7)};
  const KeyRow second{"k2", "log", "EdDSA", "next", at(5), at(6), at(7), "x"};
  ASSERT_TRUE(store_->commit_and_wait({{PutKey{second}, PutKey{first}}, {}}).has_value());
  EXPECT_THAT(store_->keys().value(), ElementsAre(first, second)) << "oldest first";
  first.state = "retiring";
  ASSERT_TRUE(store_->commit_and_wait({{PutKey{first}, DropKey{"k2"}, DropKey{"unknown"}}, {}}).has_value());
  EXPECT_THAT(store_->keys().value(), ElementsAre(first));
}

TEST_P(StoreConformance, MetaIsSetAndReplaced) {
  ASSERT_TRUE(store_->commit_and_wait({{SetMeta{"a", "1"}, SetMeta{"b", ""}}, {}}).has_value());
  ASSERT_TRUE(store_->commit_and_wait({{SetMeta{"a", "2"}}, {}}).has_value());
  EXPECT_EQ(store_->meta("a").value(), "2");
  EXPECT_EQ(store_->meta("b").value(), "");
}

TEST_P(StoreConformance, ReadsGoOnWhileManyWrite) {
  std::atomic<bool> stop = false;
  std::jthread writing([&] {
    for (int i = 0; !stop; ++i)
      EXPECT_TRUE(store_->commit_and_wait(with_entries({std::to_string(i), "pair"})).has_value());
  });
  for (int i = 0; i < 500; ++i) {
    const auto entries = store_->log_entries(0, 1'000'000);
    ASSERT_TRUE(entries.has_value()) << to_string(entries.error());
    ASSERT_EQ(entries->size() % 2, 0u) << "never half a batch";
  }
  stop = true;
}

}  // namespace
}  // namespace watchword::store
