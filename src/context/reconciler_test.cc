#include "context/reconciler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <thread>

#include "context/gitlab_api_test_util.h"
#include "net/loop.h"
#include "store/store.h"

namespace watchword::context {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class TestClock final : public Clock {
 public:
  Time now() const override { return Time(Duration(now_.load())); }
  void advance(Duration by) { now_ += by.count(); }

 private:
  std::atomic<std::int64_t> now_{kAsked.time_since_epoch().count()};
};

class ReconcilerTest : public ::testing::Test {
 protected:
  std::unique_ptr<Reconciler> start(ReconcilerOptions options = {}, std::string_view token = kToken) {
    options.own_ticks = false;
    std::vector<Reconciler::Source> sources;
    sources.push_back({"gitlab", std::make_unique<GitlabApi>("https://gitlab.example.com", Secret(token),
                                                             http::FetchOptions{}, gitlab)});
    return Reconciler::start(
        std::move(sources), intake, [this] { return live; }, tokens, [this](const LiveJob& job) { over = job.job; },
        options, clock, metrics);
  }
  // One look at one pipeline, over when this returns; until then GitLab has been asked so often in all.
  void look(std::size_t asked, std::string_view token = {}) {
    const auto reconciler = start({.workers = 1}, token);
    reconciler->tick(clock.now());
    gitlab.wait_until_asked(asked);
  }
  void offer(std::string_view token) { tokens.put("gitlab", "7", Secret(token)); }
  static FactQuestion question(std::string issuer = "gitlab") {
    return {std::move(issuer), "42", "7", "6", "feature", kSource, "job_running", Json::object()};
  }
  static bool ask(Reconciler& reconciler, FactQuestion of = question()) {
    return net::run_blocking(reconciler.ask(std::move(of)));
  }
  // Asks on a loop of its own.
  static std::future<bool> ask_aside(Reconciler& reconciler) {
    return std::async(std::launch::async, [&] { return ask(reconciler); });
  }
  std::optional<bool> running(std::string_view job = "7") const {
    const auto fact = facts.find({.issuer = "gitlab", .project = "acme/billing", .project_id = "42", .job = job},
                                 "job_running", Json::object());
    return fact ? std::optional(*fact->value.boolean()) : std::nullopt;
  }
  void set_job(std::string_view status, int id = 7) {
    gitlab.set("42/jobs/" + std::to_string(id), job_json(id, 6, status));
  }
  // Until the answers of so many looks were taken in.
  void wait_until_learned(std::size_t times) {
    std::unique_lock lock(mutex);
    learned_more.wait(lock, [&] { return learned >= times; });
  }

  FakeGitlab gitlab;
  TestClock clock;
  Metrics metrics;
  std::vector<LiveJob> live;
  JobTokens tokens;
  std::string over;  // the job that on_over named last; read when no reconciler is left
  std::mutex mutex;
  std::condition_variable learned_more;
  std::size_t learned = 0;
  FactTable facts{{}, clock};
  std::unique_ptr<store::Store> store = store::open_store({.url = "sqlite::memory:"}).value();
  Intake intake{facts, *store, clock, metrics, [this](std::string_view, const std::vector<Change>&, bool) {
                  const std::lock_guard lock(mutex);
                  ++learned;
                  learned_more.notify_all();
                }};
};

TEST_F(ReconcilerTest, TheFactIsKnownWhenTheAnswerCame) {
  set_job("running");
  const auto reconciler = start();
  EXPECT_EQ(running(), std::nullopt);
  EXPECT_TRUE(ask(*reconciler));
  EXPECT_EQ(running(), true);
  const auto health = reconciler->health();
  ASSERT_THAT(health, SizeIs(1));
  EXPECT_EQ(health[0].last_answer, kAsked);
  EXPECT_FALSE(health[0].trouble);
}

TEST_F(ReconcilerTest, ManyWhoAskTheSameMakeOneRequest) {
  set_job("running");
  gitlab.gate(false);
  const auto reconciler = start({.wait = seconds(60)});
  std::vector<std::future<bool>> asking;
  asking.push_back(ask_aside(*reconciler));
  gitlab.wait_until_asked(1);
  for (int i = 0; i < 8; ++i) asking.push_back(ask_aside(*reconciler));
  gitlab.gate(true);
  for (auto& answer : asking) EXPECT_TRUE(answer.get());
  EXPECT_THAT(gitlab.asked(), SizeIs(1));
}

TEST_F(ReconcilerTest, AnswersAndFailuresHoldForAWhile) {
  const auto reconciler = start();
  EXPECT_FALSE(ask(*reconciler));  // 404
  set_job("running");
  EXPECT_FALSE(ask(*reconciler));
  clock.advance(seconds(5));
  EXPECT_TRUE(ask(*reconciler));
  EXPECT_TRUE(ask(*reconciler));
  EXPECT_THAT(gitlab.asked(), SizeIs(2));
}

TEST_F(ReconcilerTest, ADecisionWaitsOnlySoLong) {
  gitlab.gate(false);
  set_job("running");
  const auto reconciler = start({.wait = milliseconds(20)});
  EXPECT_FALSE(ask(*reconciler));
  EXPECT_EQ(running(), std::nullopt);
  gitlab.gate(true);
  wait_until_learned(1);  // the answer is not lost
  EXPECT_EQ(running(), true);
}

TEST_F(ReconcilerTest, NobodyIsLeftWaitingWhenItEnds) {
  net::LoopPool loops(1);
  std::promise<bool> answer;
  gitlab.gate(false);
  auto reconciler = start({.wait = seconds(60), .workers = 1});
  const auto ask_on_loop = [](Reconciler& of, FactQuestion what, std::promise<bool>& out) -> net::Task<void> {
    out.set_value(co_await of.ask(std::move(what)));
  };
  auto other = question();
  other.name = "pipeline_status";
  std::promise<bool> queued;
  std::promise<void> both;
  loops.loops()[0]->post([&] {
    net::spawn(ask_on_loop(*reconciler, question(), answer));
    net::spawn(ask_on_loop(*reconciler, other, queued));
    both.set_value();
  });
  both.get_future().wait();
  gitlab.wait_until_asked(1);
  std::thread ends([&] { reconciler.reset(); });
  gitlab.gate(true);
  ends.join();
  EXPECT_FALSE(answer.get_future().get());
  EXPECT_FALSE(queued.get_future().get());
}

TEST_F(ReconcilerTest, AsksNobodyOnBehalfOfAnIssuerWithoutSource) {
  const auto reconciler = start();
  EXPECT_FALSE(ask(*reconciler, question("other")));
  EXPECT_THAT(gitlab.asked(), IsEmpty());
}

TEST_F(ReconcilerTest, TellsWhyGitLabCouldNotBeAskedUntilItCan) {
  gitlab.go_down(true);
  const auto reconciler = start();
  EXPECT_FALSE(ask(*reconciler));
  ASSERT_TRUE(reconciler->health()[0].trouble);
  EXPECT_EQ(reconciler->health()[0].trouble->reason, Reason::ci_unavailable);
  gitlab.go_down(false);
  set_job("running");
  clock.advance(seconds(5));
  EXPECT_TRUE(ask(*reconciler));
  EXPECT_FALSE(reconciler->health()[0].trouble);
}

TEST_F(ReconcilerTest, TheAnswerIsDurableBeforeAnyoneIsToldOfIt) {
  set_job("success");
  const auto reconciler = start();
  EXPECT_TRUE(ask(*reconciler));
  std::size_t rows = 0;
  ASSERT_TRUE(store->each_fact(clock.now(), [&](const store::FactRow&) { ++rows; }));
  EXPECT_EQ(rows, 2U);  // the job and its pipeline
}

TEST_F(ReconcilerTest, WithEveryWebhookLostAnEndedJobIsNoticedWithinTheInterval) {
  live = {{"gitlab", "42", "6", "7"}};
  set_job("running");
  const auto reconciler = start({.interval = seconds(32)});
  reconciler->tick(clock.now());
  wait_until_learned(1);
  EXPECT_EQ(running(), true);
  set_job("canceled");
  for (int step = 0; step < 16; ++step) {
    clock.advance(seconds(2));
    reconciler->tick(clock.now());
  }
  wait_until_learned(2);
  EXPECT_EQ(running(), false);
}

TEST_F(ReconcilerTest, JobsOfAPipelineAreLookedAtInOneRequestAndMissingOnesAlone) {
  live = {{"gitlab", "42", "6", "7"}, {"gitlab", "42", "6", "8"}, {"gitlab", "42", "6", "9"}, {"other", "1", "1", "1"}};
  gitlab.set_list("42/pipelines/6/jobs?include_retried=true", {job_json(7, 6, "running"), job_json(8, 6, "failed")});
  set_job("success", 9);
  const auto reconciler = start();
  reconciler->tick(clock.now());
  wait_until_learned(1);
  EXPECT_EQ(running("7"), true);
  EXPECT_EQ(running("8"), false);
  EXPECT_EQ(running("9"), false);
  EXPECT_THAT(gitlab.asked(), SizeIs(2));
}

TEST_F(ReconcilerTest, WhatIsLearnedOfAPipelineCountsWhereOneOfItsJobsIsUnknown) {
  live = {{"gitlab", "42", "6", "7"}, {"gitlab", "42", "6", "8"}, {"gitlab", "42", "6", "9"}};
  gitlab.set_list("42/pipelines/6/jobs?include_retried=true", {job_json(7, 6, "failed")});
  set_job("success", 9);  // 8: 404
  const auto reconciler = start();
  reconciler->tick(clock.now());
  wait_until_learned(1);
  EXPECT_EQ(running("7"), false);
  EXPECT_EQ(running("8"), std::nullopt);
  EXPECT_EQ(running("9"), false);
  ASSERT_TRUE(reconciler->health()[0].trouble);
  EXPECT_EQ(reconciler->health()[0].trouble->reason, Reason::ci_unavailable);
}

TEST_F(ReconcilerTest, SlowLooksAreQueuedOnceAndDelayNoQuestion) {
  live = {{"gitlab", "43", "6", "5"}};
  set_job("running");
  gitlab.gate(false);
  auto reconciler = start({.wait = seconds(60), .workers = 2});
  reconciler->tick(clock.now());
  gitlab.wait_until_asked(1);
  for (int i = 0; i < 5; ++i) {
    reconciler->look_now();
    reconciler->tick(clock.now());
  }
  auto answer = ask_aside(*reconciler);
  gitlab.wait_until_asked(2);  // while the look is still under way
  gitlab.gate(true);
  EXPECT_TRUE(answer.get());
  gitlab.wait_until_asked(3);
  reconciler.reset();
  EXPECT_THAT(gitlab.asked(), SizeIs(3));
}

TEST_F(ReconcilerTest, LooksAtAllWhenToldTo) {
  live = {{"gitlab", "42", "6", "7"}};
  set_job("running");
  const auto reconciler = start();
  reconciler->tick(clock.now());
  wait_until_learned(1);
  reconciler->tick(clock.now());  // nothing is due
  ask(*reconciler, question("other"));
  reconciler->look_now();
  reconciler->tick(clock.now());
  wait_until_learned(2);
  EXPECT_THAT(gitlab.asked(), SizeIs(2));
}

TEST_F(ReconcilerTest, AJobThatOffersItsTokenIsLookedAtWithoutAnApiToken) {
  live = {{"gitlab", "42", "6", "7"}, {"gitlab", "42", "6", "8"}};
  offer("glcbt-7");
  gitlab.set("job glcbt-7", job_json(7, 6, "running"));
  look(1);
  EXPECT_EQ(running(), true);
  gitlab.set("job glcbt-7", job_json(7, 6, "success"));
  look(2);
  EXPECT_EQ(running(), false);
  EXPECT_THAT(gitlab.asked(), ::testing::Each("job glcbt-7")) << "of the other job nobody can be asked";
  EXPECT_FALSE(ask(*start({}, ""))) << "a decision's question neither";
  EXPECT_EQ(over, "") << "how it ended is known";
}

TEST_F(ReconcilerTest, WithAnApiTokenTheOtherJobsAreLookedAtAsEver) {
  live = {{"gitlab", "42", "6", "7"}, {"gitlab", "42", "6", "8"}};
  offer("glcbt-7");
  gitlab.set("job glcbt-7", job_json(7, 6, "running"));
  set_job("failed", 8);
  look(2, kToken);
  EXPECT_THAT(gitlab.asked(), ::testing::ElementsAre("job glcbt-7", "42/jobs/8"));
  EXPECT_EQ(running("7"), true);
  EXPECT_EQ(running("8"), false);
}

TEST_F(ReconcilerTest, ATokenOfAnotherJobOrProjectTeachesNothingAndIsDropped) {
  live = {{"gitlab", "42", "6", "7"}};
  auto elsewhere = job_json(7, 6, "running");
  elsewhere.set("pipeline", Json::object({{"id", 6}, {"project_id", 43}, {"status", "running"}}));
  std::size_t times = 0;
  for (const Json& lie : {job_json(8, 6, "success"), elsewhere}) {
    offer("glcbt-8");
    gitlab.set("job glcbt-8", lie);
    look(++times);
    EXPECT_FALSE(tokens.find("gitlab", "7"));
    EXPECT_EQ(running("7"), std::nullopt);
    EXPECT_EQ(running("8"), std::nullopt);
    EXPECT_THAT(metrics.render(),
                ::testing::HasSubstr("watchword_job_tokens_refused_total{issuer=\"gitlab\"} " + std::to_string(times)));
  }
  EXPECT_EQ(over, "");
}

TEST_F(ReconcilerTest, ATokenThatIsTakenNoMoreSaysThatTheJobIsOverAndNotHow) {
  live = {{"gitlab", "42", "6", "7"}};
  offer("glcbt-7");
  const auto refused = FakeGitlab::of_json(401, R"({"message":"401 Unauthorized"})");
  gitlab.set("job glcbt-7", refused);
  look(1);
  ASSERT_EQ(over, "");
  clock.advance(seconds(4));
  look(2);
  ASSERT_EQ(over, "") << "too soon";
  gitlab.set("job glcbt-7", job_json(7, 6, "running"));
  look(3);
  gitlab.set("job glcbt-7", refused);
  clock.advance(seconds(5));
  look(4);
  EXPECT_EQ(over, "") << "not in a row";
  offer("glcbt-7b");
  gitlab.set("job glcbt-7b", refused);
  clock.advance(seconds(5));
  look(5);
  EXPECT_EQ(over, "7");
  EXPECT_FALSE(tokens.find("gitlab", "7"));
  EXPECT_NE(running(), false) << "no fact claims that it has ended";
}

TEST_F(ReconcilerTest, AnyOtherAnswerToAJobsTokenEndsNothingAndTheApiTokenIsUsed) {
  live = {{"gitlab", "42", "6", "7"}};
  offer("glcbt-7");
  set_job("running");
  std::size_t asked = 0;
  http::FetchReply page = FakeGitlab::of_json(401, "<html>");
  page.content_type = "text/html";
  for (const auto& answer : {FakeGitlab::of_json(403, "{}"), FakeGitlab::of_json(404, "{}"),
                             FakeGitlab::of_json(500, "{}"), FakeGitlab::of_json(200, "{}"), page}) {
    gitlab.set("job glcbt-7", answer);
    for (int i = 0; i < 3; ++i, clock.advance(seconds(5))) {
      look(++asked);
      ASSERT_EQ(over, "");
    }
  }
  look(asked + 2, kToken);
  EXPECT_EQ(gitlab.asked().back(), "42/jobs/7");
  EXPECT_EQ(running(), true);
  EXPECT_TRUE(tokens.find("gitlab", "7"));
}

TEST_F(ReconcilerTest, TicksByItselfFromTheStart) {
  live = {{"gitlab", "42", "6", "7"}};
  set_job("success");
  std::vector<Reconciler::Source> sources;
  sources.push_back(
      {"gitlab", std::make_unique<GitlabApi>("https://gitlab.example.com", Secret(std::string_view(kToken)),
                                             http::FetchOptions{}, gitlab)});
  const auto reconciler = Reconciler::start(
      std::move(sources), intake, [this] { return live; }, tokens, [](const LiveJob&) {}, {.interval = seconds(3600)},
      clock, metrics);
  wait_until_learned(1);
  EXPECT_EQ(running(), false);
  reconciler->look_now();
  wait_until_learned(2);
}

}  // namespace
}  // namespace watchword::context
