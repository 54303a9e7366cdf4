#include "context/intake.h"

#include <gmock/gmock.h>

#include <deque>

#include "context/fact_test_util.h"
#include "net/loop.h"

namespace watchword::context {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// A real store in memory whose commits the test may hold or fail.
class HeldStore final : public store::Store {
 public:
  enum class Mode : std::uint8_t { pass, hold, fail };
  Mode mode = Mode::pass;
  std::deque<std::pair<store::Batch, Done>> held;

  void commit(store::Batch batch, Done done) override {
    if (mode == Mode::pass) return real_->commit(std::move(batch), std::move(done));
    if (mode == Mode::fail) return done(watchword::fail(Reason::store_unavailable, "no space left on device"));
    held.emplace_back(std::move(batch), std::move(done));
  }
  void release() {
    mode = Mode::pass;
    for (auto& [batch, done] : std::exchange(held, {})) real_->commit(std::move(batch), std::move(done));
  }

  Status each_fact(Time now, const std::function<void(store::FactRow)>& each) override {
    return real_->each_fact(now, each);
  }
  Result<std::vector<store::Delivery>> deliveries(Time now) override { return real_->deliveries(now); }
  // An intake asks for nothing else.
  Result<std::vector<store::SessionRow>> sessions(const store::SessionQuery& query) override {
    return real_->sessions(query);
  }
  Result<std::optional<store::SessionRow>> session(std::string_view id) override { return real_->session(id); }
  Status each_session_in_memory(Time now, const std::function<void(store::SessionRow)>& each) override {
    return real_->each_session_in_memory(now, each);
  }
  Result<std::vector<store::KeyRow>> keys() override { return real_->keys(); }
  Result<std::vector<store::Revocation>> revocations(Time now) override { return real_->revocations(now); }
  Result<std::optional<std::string>> meta(std::string_view name) override { return real_->meta(name); }
  Result<std::uint64_t> log_size() override { return real_->log_size(); }
  Result<std::vector<std::string>> log_entries(std::uint64_t from, std::size_t at_most) override {
    return real_->log_entries(from, at_most);
  }
  std::size_t backlog() const override { return real_->backlog(); }
  std::optional<Error> trouble() const override { return std::nullopt; }
  void on_grown(std::function<void(std::uint64_t)> callback) override { real_->on_grown(std::move(callback)); }

 private:
  std::unique_ptr<store::Store> real_ = store::open_store({.url = "sqlite::memory:"}).value();
};

class Intakes : public ::testing::Test {
 public:
  std::string outcome(const Result<Intake::Taken>& taken) {
    if (!taken) return std::string(name(taken.error().reason));
    return *taken == Intake::Taken::applied ? "applied" : "duplicate";
  }
  std::string take(const std::string& id, std::vector<Change> changes) {
    return outcome(net::run_blocking(intake_.take("gitlab", id, std::move(changes))));
  }
  // A second gate on the same store, as after a crash of the first.
  struct Next {
    explicit Next(Intakes& of)
        : facts({}, of.clock_), intake(facts, of.store_, of.clock_, of.metrics_, [](auto...) {}) {
      EXPECT_TRUE(intake.restore());
    }
    FactTable facts;
    Intake intake;
  };

  ManualClock clock_{kStart};
  Metrics metrics_;
  HeldStore store_;
  FactTable facts_{{}, clock_};
  std::vector<bool> learned_;  // what `changed` was
  Intake intake_{facts_, store_, clock_, metrics_,
                 [this](std::string_view, const std::vector<Change>&, bool changed) { learned_.push_back(changed); }};
};

TEST_F(Intakes, AnEventIsKnownAtOnceAndToldOnlyWhenItIsDurable) {
  store_.mode = HeldStore::Mode::hold;
  net::run_blocking([](Intakes& test) -> net::Task<bool> {
    auto told = std::make_shared<net::Delivery<std::string>>();
    bool answered = false;
    net::spawn([](Intakes& of, auto where, bool& done) -> net::Task<void> {
      auto taken = co_await of.intake_.take("gitlab", "1", {job(0, JobStatus::success)});
      done = true;
      where->deliver(of.outcome(taken));
    }(test, told, answered));
    EXPECT_TRUE(test.facts_.job_over(kScope));
    EXPECT_THAT(test.learned_, ElementsAre(true));
    EXPECT_FALSE(answered);
    EXPECT_EQ(test.store_.held.size(), 1u);
    test.store_.release();
    EXPECT_EQ(co_await *told, "applied");
    co_return true;
  }(*this));
  Next next(*this);
  EXPECT_TRUE(next.facts.job_over(kScope));
}

TEST_F(Intakes, AFailingStoreIsToldAndTheNextAttemptCounts) {
  store_.mode = HeldStore::Mode::fail;
  EXPECT_EQ(take("1", {job(0, JobStatus::success)}), "store_unavailable");
  EXPECT_TRUE(facts_.job_over(kScope));  // what ends, ends at once
  EXPECT_FALSE(Next(*this).facts.job_over(kScope));
  store_.mode = HeldStore::Mode::pass;
  EXPECT_EQ(take("1", {job(0, JobStatus::success)}), "applied");
  EXPECT_TRUE(Next(*this).facts.job_over(kScope));
}

TEST_F(Intakes, ASenderIsToldInTimeThatTheDiskHangsAndALookMakesGood) {
  store_.mode = HeldStore::Mode::hold;
  Intake hasty(facts_, store_, clock_, metrics_, [](auto...) {}, std::chrono::milliseconds(1));
  EXPECT_FALSE(hasty.take_gap());
  const auto take = [&] { return outcome(net::run_blocking(hasty.take("gitlab", "1", {job(0, JobStatus::success)}))); };
  EXPECT_EQ(take(), "store_unavailable");
  EXPECT_EQ(take(), "overloaded");
  store_.release();  // late, and still written
  ASSERT_TRUE(store_.commit_and_wait({}));
  EXPECT_EQ(take(), "duplicate");
  EXPECT_TRUE(hasty.take_gap());
  EXPECT_FALSE(hasty.take_gap());
}

TEST_F(Intakes, ARepetitionIsNoDuplicateBeforeTheFirstIsDurable) {
  store_.mode = HeldStore::Mode::hold;
  net::run_blocking([](Intakes& test) -> net::Task<bool> {
    auto first = std::make_shared<net::Delivery<std::string>>();
    net::spawn([](Intakes& of, auto where) -> net::Task<void> {
      where->deliver(of.outcome(co_await of.intake_.take("gitlab", "1", {job(0, JobStatus::success)})));
    }(test, first));
    EXPECT_EQ(test.outcome(co_await test.intake_.take("gitlab", "1", {job(0, JobStatus::success)})), "overloaded");
    test.store_.release();
    EXPECT_EQ(co_await *first, "applied");
    EXPECT_EQ(test.outcome(co_await test.intake_.take("gitlab", "1", {job(0, JobStatus::success)})), "duplicate");
    co_return true;
  }(*this));
}

TEST_F(Intakes, ADeliveryCountsOnceForAQuarterOfAnHourAlsoAfterARestart) {
  EXPECT_EQ(take("1", {job(0, JobStatus::running)}), "applied");
  EXPECT_EQ(take("1", {job(0, JobStatus::success)}), "duplicate");
  EXPECT_FALSE(facts_.job_over(kScope));
  EXPECT_THAT(learned_, ElementsAre(true));
  const auto other = net::run_blocking(intake_.take("other", "1", {job(0, JobStatus::running)}));
  EXPECT_EQ(outcome(other), "applied");  // ids are those of an issuer

  Next next(*this);
  const auto again = [&](const std::string& id) {
    return outcome(net::run_blocking(next.intake.take("gitlab", id, {job(0, JobStatus::running)})));
  };
  EXPECT_EQ(again("1"), "duplicate");
  clock_.advance(std::chrono::minutes(15) - std::chrono::seconds(1));
  EXPECT_TRUE(next.intake.sweep(clock_.now()));
  EXPECT_EQ(again("1"), "duplicate");
  clock_.advance(std::chrono::seconds(1));
  EXPECT_TRUE(next.intake.sweep(clock_.now()));
  EXPECT_EQ(again("1"), "applied");
}

TEST_F(Intakes, OneNoisyProjectDelaysNoOther) {
  store_.mode = HeldStore::Mode::hold;
  net::run_blocking([](Intakes& test) -> net::Task<bool> {
    struct Results {
      std::size_t waiting = 0;
      std::vector<std::string> quiet, noisy;
      net::Delivery<bool> all;
    };
    auto results = std::make_shared<Results>();
    const auto send = [](Intakes& of, auto to, std::string project, std::string id) -> net::Task<void> {
      ++to->waiting;
      Change change = job(0, JobStatus::running, id);
      change.project_id = project;
      auto taken = co_await of.intake_.take("gitlab", project + "-" + id, {change});
      (project == "7" ? to->noisy : to->quiet).push_back(of.outcome(taken));
      if (--to->waiting == 0) to->all.deliver(true);
    };
    ++results->waiting;  // not all before the last is sent
    for (std::size_t i = 0; i < Intake::kPerProject; ++i) net::spawn(send(test, results, "7", std::to_string(i)));
    EXPECT_THAT(results->noisy, ElementsAre());
    net::spawn(send(test, results, "7", "one more"));
    EXPECT_THAT(results->noisy, ElementsAre("backlog_full"));
    net::spawn(send(test, results, "8", "1"));
    EXPECT_EQ(test.store_.held.size(), Intake::kPerProject + 1);
    --results->waiting;
    test.store_.release();
    co_await results->all;
    EXPECT_THAT(results->quiet, ElementsAre("applied"));
    EXPECT_EQ(std::ranges::count(results->noisy, "applied"), static_cast<std::ptrdiff_t>(Intake::kPerProject));
    co_return true;
  }(*this));
  EXPECT_EQ(take("7-one more", {job(0, JobStatus::running, "256")}), "applied");  // its place is free again
  EXPECT_THAT(metrics_.render(), HasSubstr("watchword_events_total{result=\"refused\"} 1"));
}

// What one event says may be as much as what thousands of others say.
TEST_F(Intakes, AProjectsEventsWeighWhatTheySay) {
  const auto jobs = [](std::size_t from, std::size_t count) {
    std::vector<Change> changes;
    for (std::size_t i = from; i < from + count; ++i) changes.push_back(job(0, JobStatus::running, std::to_string(i)));
    return changes;
  };
  store_.mode = HeldStore::Mode::hold;
  net::run_blocking([](Intakes& test, auto some) -> net::Task<bool> {
    auto results = std::make_shared<std::vector<std::string>>();
    auto all = std::make_shared<net::Delivery<bool>>();
    const auto send = [](Intakes& of, auto to, auto done, std::string id, std::vector<Change> what) -> net::Task<void> {
      auto taken = co_await of.intake_.take("gitlab", id, std::move(what));
      to->push_back(id + " " + of.outcome(taken));
      if (to->size() == 5) done->deliver(true);
    };
    const Change push = change(0, Pushed{"main", std::vector<std::string>(10, "a"), {"b"}, {}});
    net::spawn(send(test, results, all, "most", some(0, Intake::kPerProject - 11)));
    net::spawn(send(test, results, all, "two more", some(0, 12)));
    net::spawn(send(test, results, all, "push", {push}));
    net::spawn(send(test, results, all, "the rest", some(0, 11)));
    EXPECT_THAT(*results, ElementsAre("two more backlog_full", "push backlog_full"));
    net::spawn(send(test, results, all, "another", some(0, 1)));
    EXPECT_THAT(*results, ElementsAre("two more backlog_full", "push backlog_full", "another backlog_full"));
    test.store_.release();
    co_await *all;
    EXPECT_THAT(*results, ::testing::IsSupersetOf({"most applied", "the rest applied"}));
    co_return true;
  }(*this, jobs));
  EXPECT_EQ(take("huge", jobs(0, 2 * Intake::kPerProject)), "applied");  // nothing of the project waits
}

// A later row must not be overtaken by an earlier one: after a restart the older fact would be back.
TEST_F(Intakes, RowsReachTheStoreInTheOrderInWhichTheyWereLearned) {
  store_.mode = HeldStore::Mode::hold;
  net::run_blocking([](Intakes& test) -> net::Task<bool> {
    auto done = std::make_shared<net::Delivery<bool>>();
    auto left = std::make_shared<int>(3);
    for (const auto status : {JobStatus::pending, JobStatus::running, JobStatus::success})
      net::spawn([](Intakes& of, JobStatus is, auto all, auto count) -> net::Task<void> {
        (void)co_await of.intake_.take("gitlab", std::string(name(is)), {job(0, is)});
        if (--*count == 0) all->deliver(true);
      }(test, status, done, left));
    std::vector<std::string> rows;
    for (const auto& [batch, when_done] : test.store_.held)
      rows.push_back(
          std::string(parse_json(std::get<store::PutFact>(batch.changes.front()).row.value)->string_or("status", "")));
    EXPECT_THAT(rows, ElementsAre("pending", "running", "success"));
    test.store_.release();
    co_await *done;
    co_return true;
  }(*this));
  EXPECT_EQ(Next(*this).facts.job("gitlab", "7", "1"), JobStatus::success);
}

TEST_F(Intakes, AnAnswerOfTheApiIsDurableToo) {
  EXPECT_TRUE(intake_.take_answers("gitlab", {change(0, MergedAnswer{"main", "a", true})}));
  EXPECT_EQ(ask(Next(*this).facts, merged("a")), "true");
  store_.mode = HeldStore::Mode::fail;
  const auto refused = intake_.take_answers("gitlab", {job(0, JobStatus::success)});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, Reason::store_unavailable);
}

TEST_F(Intakes, WhatIsForgottenLeavesTheStore) {
  EXPECT_EQ(take("1", {job(0, JobStatus::success)}), "applied");
  clock_.advance(FactLimits{}.keep);
  EXPECT_TRUE(intake_.sweep(clock_.now()));
  EXPECT_EQ(facts_.size(), 0u);
  clock_.set(kStart);  // so that the row would still count
  EXPECT_FALSE(Next(*this).facts.job_over(kScope));
}

}  // namespace
}  // namespace watchword::context
