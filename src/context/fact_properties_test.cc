// Whatever arrives, in whatever order and however often: invariants of the facts over random histories. rapidcheck
// prints its seed; RC_PARAMS="seed=..." runs the same again.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <set>
#include <tuple>

#include "context/fact_rules.h"
#include "context/fact_test_util.h"

namespace watchword::context {
namespace {

struct Event {
  Change change;
  bool api = false;
};
using Events = std::vector<Event>;

std::string text(const Event& event) {
  std::string out = event.api ? "api" : "webhook";
  for (const auto& [kind, key, said] : statements(event.change, event.api))
    out += " " + std::string(name(kind)) + " " + key + " " + said.value.dump();
  return out + " @" + std::to_string((event.change.at - kStart) / std::chrono::seconds(1));
}
void showValue(const Event& event, std::ostream& out) { out << text(event); }

template <class... Choices>
std::string one_of(Choices... choices) {
  return *rc::gen::element<std::string>(choices...);
}
std::string any_sha() { return one_of("a", "b", "c", "d"); }
std::string any_branch() { return one_of("main", "next"); }
std::vector<std::string> any_shas() { return *rc::gen::container<std::vector<std::string>>(rc::gen::exec(any_sha)); }

// As in GitLab, a job has one end.
Change any_job(int seconds) {
  const auto id = one_of("1", "2", "3");
  const auto end = id == "1" ? JobStatus::success : id == "2" ? JobStatus::canceled : JobStatus::failed;
  return job(seconds, *rc::gen::element(JobStatus::pending, JobStatus::running, end), id);
}

Change any_merge_request(int seconds) {
  Mr what{.iid = one_of("1", "2"), .state = one_of("opened", "closed", "merged"), .source_sha = any_sha()};
  if (what.state == "merged") what.merge_commit_sha = *rc::gen::element<std::string>("", "m", "n");
  what.approved = *rc::gen::element<std::optional<bool>>(std::nullopt, true, false);
  what.target_branch = any_branch();
  return mr(seconds, what);
}

Change any_push(int seconds) {
  const std::string branch = any_branch();
  const auto commits = any_shas(), reverts = any_shas();
  return change(seconds, Pushed{branch, commits, reverts, *rc::gen::element<std::optional<bool>>({}, true, false)});
}

Change any_change() {
  const int seconds = *rc::gen::inRange(0, 20);
  switch (*rc::gen::inRange(0, 6)) {
    case 0:
      return any_job(seconds);
    case 1:
      return any_merge_request(seconds);
    case 2:
      return any_push(seconds);
    case 3:
      return pipeline(seconds, one_of("pending", "running", "success", "failed"));
    case 4:
      return deployment(seconds, one_of("9", "10", "11"), one_of("created", "running", "success", "failed"));
    default:
      return change(seconds, MergedAnswer{any_branch(), any_sha(), *rc::gen::arbitrary<bool>()});
  }
}

rc::Gen<Event> any_event() {
  return rc::gen::exec([] { return Event{any_change(), *rc::gen::weightedElement<bool>({{3, false}, {1, true}})}; });
}
// At most some forty: the sizes of rapidcheck go up to a hundred.
Events any_events() { return *rc::gen::scale(0.4, rc::gen::container<Events>(any_event())); }

// Every event may be lost, or come several times; all in another order.
Events delivered(const Events& events, int least, int most) {
  std::multimap<int, Event> copies;
  for (const Event& event : events)
    for (int times = *rc::gen::inRange(least, most + 1); times > 0; --times)
      copies.emplace(*rc::gen::inRange(0, 1000), event);
  Events out;
  for (auto& [order, event] : copies) out.push_back(std::move(event));
  return out;
}

FactTable::Learned apply(FactTable& table, const Event& event) {
  return table.apply("gitlab", {event.change}, event.api ? "api" : "webhook");
}

using Answers = std::map<std::string, std::string>;
std::string shown(const std::optional<Fact>& fact) {
  return fact ? fact->value.dump() + " " + fact->source + " " + to_rfc3339(fact->at) : "unknown";
}

Answers answers(const FactTable& table) {
  Answers out;
  const auto put = [&](const Question& question, const Scope& scope = kScope) {
    const auto key = std::string(question.name) + question.arguments.dump() + std::string(scope.job);
    out[key] = shown(table.find(scope, question.name, question.arguments));
  };
  for (const char* id : {"1", "2", "3"}) {
    Scope scope = kScope;
    scope.job = id;
    put({"job_running"}, scope);
    const auto status = table.job("gitlab", "7", id);
    out["job " + std::string(id)] = status ? name(*status) : "unknown";
  }
  put({"pipeline_status"});
  put(of("deployment", "environment", "production"));
  for (const char* branch : {"main", "next"}) {
    put(of("protected", "ref", branch));
    for (const char* sha : {"a", "b", "c", "d", "m", "n"}) {
      put(merged(sha, branch));
      put(reverted(sha, branch));
      put(mr_of(sha, branch));
    }
  }
  return out;
}

// What is final among the answers: ended jobs, merged and reverted commits.
Answers final_answers(const FactTable& table) {
  Answers out;
  for (const auto& [question, answer] : answers(table)) {
    const bool ended = question.starts_with("job ") && answer != "pending" && answer != "running";
    const bool yes = (question.starts_with("merged") || question.starts_with("reverted")) && answer.starts_with("true");
    if ((ended && answer != "unknown") || yes) out[question] = answer.substr(0, answer.find(' '));
  }
  return out;
}

struct Table {
  ManualClock clock{at(100)};
  FactTable facts{{}, clock};
};

RC_GTEST_PROP(FactProperties, TheOrderOfDeliveriesDoesNotMatterForJobsAndMerges, ()) {
  const Events events = any_events();
  Table one, other;
  for (const Event& event : events) apply(one.facts, event);
  for (const Event& event : delivered(events, 1, 3)) apply(other.facts, event);
  const auto without_reverts = [](Answers answers) {
    std::erase_if(answers, [](const auto& answer) { return answer.first.starts_with("reverted"); });
    return answers;
  };
  RC_ASSERT(without_reverts(final_answers(one.facts)) == without_reverts(final_answers(other.facts)));
  for (const char* id : {"1", "2", "3"})
    RC_ASSERT(one.facts.job("gitlab", "7", id) == other.facts.job("gitlab", "7", id));
}

// A revert of what is not merged yet is not kept, but nothing counts as unreverted then.
RC_GTEST_PROP(FactProperties, InNoOrderOfEventsIsARevertedCommitTakenForAnUnrevertedOne, ()) {
  Events events = any_events();
  for (Event& event : events) event.api = false;
  Table one, other;
  for (const Event& event : events) apply(one.facts, event);
  for (const Event& event : delivered(events, 1, 3)) apply(other.facts, event);
  const auto known = answers(one.facts), said = answers(other.facts);
  for (const auto& [question, answer] : known)
    if (question.starts_with("reverted") && answer.starts_with("true"))
      RC_ASSERT(!said.at(question).starts_with("false"));
}

RC_GTEST_PROP(FactProperties, WhatIsFinalStays, ()) {
  Table table;
  Answers before;
  for (const Event& event : delivered(any_events(), 0, 2)) {
    apply(table.facts, event);
    if (*rc::gen::inRange(0, 4) == 0) table.clock.advance(std::chrono::minutes(*rc::gen::inRange(-20, 60)));
    table.facts.sweep(table.clock.now());
    Answers after = final_answers(table.facts);
    for (const auto& [question, answer] : before) RC_ASSERT(after[question] == answer);
    before = std::move(after);
  }
}

// What may still change has an order too: time, and the numbers of deployments.
RC_GTEST_PROP(FactProperties, NothingGoesBackInTime, ()) {
  Table table;
  using Place = std::tuple<std::uint64_t, Time>;
  std::map<std::string, Place> before;
  const auto advances = [&](const std::string& what, Place place) {
    RC_ASSERT(before[what] <= place);
    before[what] = place;
  };
  for (const Event& event : delivered(any_events(), 0, 2)) {
    const auto step = table.facts.job("gitlab", "7", "1").value_or(JobStatus::pending);
    apply(table.facts, event);
    RC_ASSERT(table.facts.job("gitlab", "7", "1").value_or(JobStatus::pending) >= step);
    if (const auto fact = table.facts.find(kScope, "pipeline_status", {})) advances("pipeline", {0, fact->at});
    for (const char* branch : {"main", "next"})
      if (const auto fact = table.facts.find(kScope, "protected", of("", "ref", branch).arguments))
        advances(branch, {0, fact->at});
    if (const auto fact = table.facts.find(kScope, "deployment", of("", "environment", "production").arguments))
      advances("deployment", {id_number(fact->value.string_or("deployment", "")), Time{}});
  }
}

RC_GTEST_PROP(FactProperties, NothingIsMergedOrRevertedThatNoEventSaid, ()) {
  Table table;
  std::set<std::string> said;
  for (const Event& event : delivered(any_events(), 0, 2)) {
    apply(table.facts, event);
    for (const auto& [kind, key, what] : statements(event.change, event.api))
      if (is_true(what.value, "merged") || kind == FactKind::reverted) said.insert(key);
  }
  for (const char* branch : {"main", "next"})
    for (const char* sha : {"a", "b", "c", "d", "m", "n"}) {
      if (ask(table.facts, merged(sha, branch)) == "true") RC_ASSERT(said.contains(commit_key(branch, sha)));
      if (said.empty()) RC_ASSERT(ask(table.facts, reverted(sha, branch)) == "unknown");
    }
}

// The store as the intake drives it.
class Rows {
 public:
  void commit(const FactTable::Learned& learned) {
    for (const auto& row : learned.rows) rows_[{row.kind, row.key}] = row;
    for (const auto& row : learned.dropped) rows_.erase({row.kind, row.key});
  }
  void restore(FactTable& table) const {
    for (const auto& [key, row] : rows_) table.restore(row);
  }

 private:
  std::map<std::pair<std::string, std::string>, store::FactRow> rows_;
};

RC_GTEST_PROP(FactProperties, ARestartAtAnyPointChangesNothing, ()) {
  const Events events = delivered(any_events(), 0, 2);
  const auto restart = *rc::gen::inRange<std::size_t>(0, events.size() + 1);
  ManualClock clock(at(100));
  const FactLimits limits{.per_project = *rc::gen::element<std::size_t>(8, 10'000)};
  FactTable before(limits, clock), after(limits, clock);
  Rows rows;
  for (std::size_t i = 0; i < restart; ++i) {
    clock.advance(std::chrono::seconds(*rc::gen::inRange(1, 100)));
    rows.commit(apply(before, events[i]));
  }
  rows.restore(after);
  RC_ASSERT(answers(after) == answers(before));
  RC_ASSERT(after.size() == before.size());
  if (limits.per_project == 8) return;  // among facts learned at once, any may be the oldest
  for (std::size_t i = restart; i < events.size(); ++i) {
    clock.advance(std::chrono::seconds(*rc::gen::inRange(1, 100)));
    RC_ASSERT(apply(after, events[i]).changed == apply(before, events[i]).changed);
    RC_ASSERT(answers(after) == answers(before));
  }
}

RC_GTEST_PROP(FactProperties, ADuplicateChangesNothing, ()) {
  Events events = any_events();
  std::erase_if(events, [](const Event& event) {  // a revert that came too early is told by its duplicate
    const auto* pushed = std::get_if<Pushed>(&event.change.what);
    return pushed != nullptr && !pushed->reverted.empty();
  });
  for (Event& event : events) event.api = false;
  Table table;
  for (const Event& event : events) apply(table.facts, event);
  const auto before = answers(table.facts);
  for (const Event& event : delivered(events, 0, 2)) {
    RC_ASSERT(!apply(table.facts, event).changed);
    RC_ASSERT(answers(table.facts) == before);
  }
}

RC_GTEST_PROP(FactProperties, AnAnswerHeardTwiceChangesNothing, ()) {
  Table table;
  for (const Event& event : any_events()) {
    apply(table.facts, event);
    const auto before = answers(table.facts);
    RC_ASSERT(!apply(table.facts, event).changed);
    RC_ASSERT(answers(table.facts) == before);
  }
}

}  // namespace
}  // namespace watchword::context
