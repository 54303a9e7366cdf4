#include "access/recorder.h"

#include <algorithm>
#include <thread>

#include "access/nearest.h"
#include "base/log.h"
#include "net/loop.h"

namespace watchword::access {
namespace {

constexpr std::size_t kLongestText = 256;  // of what a caller can put into a record

}  // namespace

Recorder::Recorder(store::Store& store, const Clock& clock, Random& random, Metrics& metrics)
    : store_(store),
      clock_(clock),
      random_(random),
      unrecorded_(metrics.counter("watchword_unverified_refusals_unrecorded",
                                  "Refusals of unverified callers beyond what is recorded each second")),
      lost_(
          metrics.counter("watchword_audit_entries_lost", "Audit entries that were queued and could not be written")) {}

namespace {

// What was known when it was decided, and from whom.
Json facts_json(const std::vector<context::Seen>& facts) {
  Json all = Json::array();
  for (const auto& seen : facts) {
    auto one = Json::object({{"fact", seen.to_text()}});
    if (seen.fact) {
      one.set("value", seen.fact->value).set("source", seen.fact->source).set("at", to_rfc3339(seen.fact->at));
    } else {
      one.set("value", nullptr);
    }
    all.push(std::move(one));
  }
  return all;
}

}  // namespace

audit::Entry Recorder::start(audit::Event event) const {
  audit::Entry entry;
  entry.time = clock_.now();
  entry.id = make_ulid(entry.time, random_);
  entry.event = event;
  return entry;
}

audit::Entry Recorder::start(audit::Event event, const Origin& origin) const {
  auto entry = start(event);
  entry.request_id = origin.request_id;
  entry.trace = origin.trace;
  entry.peer = origin.peer;
  return entry;
}

audit::Outcome Recorder::outcome_of(const Error& refusal) {
  const auto kind = watchword::describe(refusal.reason).kind;
  return kind == ReasonKind::unavailable || kind == ReasonKind::error ? audit::Outcome::error : audit::Outcome::deny;
}

void Recorder::describe(audit::Entry& entry, const Decision& decision) {
  entry.role = decision.role;
  entry.rule = decision.rule;
  entry.policy = decision.policy_digest;
  if (!decision.facts.empty()) entry.detail.set("facts", facts_json(decision.facts));
  if (decision.nearest) entry.detail.set("nearest", to_json(*decision.nearest));
  if (decision.allowed())
    entry.outcome = audit::Outcome::allow;
  else
    describe(entry, *decision.refusal);
}

void Recorder::describe(audit::Entry& entry, const Error& refusal) {
  entry.outcome = outcome_of(refusal);
  entry.reason = refusal.reason;
  if (!refusal.found.empty()) entry.detail.set("found", refusal.found.substr(0, kLongestText));
  if (!refusal.expected.empty()) entry.detail.set("expected", refusal.expected.substr(0, kLongestText));
}

void Recorder::describe(audit::Entry& entry, const Session& session) {
  entry.session = session.id();
  entry.who = session.who();
}

net::Task<Status> Recorder::commit(const audit::Entry& entry, std::vector<store::Change> changes) {
  return commit(store::Batch{std::move(changes), {audit::to_canonical(entry)}});
}

net::Task<Status> Recorder::commit(store::Batch batch) {
  auto delivery = std::make_shared<net::Delivery<Status>>();
  store_.commit(std::move(batch), [delivery](Result<std::uint64_t> index) {
    delivery->deliver(index ? Status{} : std::unexpected(std::move(index).error()));
  });
  co_return co_await *delivery;
}

Status Recorder::commit_and_wait(const audit::Entry& entry, std::vector<store::Change> changes) {
  WW_CHECK(store_.commit_and_wait({std::move(changes), {audit::to_canonical(entry)}}));
  return {};
}

Recorder::Told Recorder::queue_refusal(audit::Entry entry, Error refusal, bool verified_caller) {
  if (!verified_caller && !within_budget(entry.time)) {
    unrecorded_.add();
    return {std::move(refusal), {}};
  }
  if (!verified_caller) {
    entry.path.resize(std::min(entry.path.size(), kLongestText));
    entry.method.resize(std::min(entry.method.size(), kLongestText));
  }
  if (auto queued = enqueue(audit::to_canonical(entry)); !queued) return {std::move(queued).error(), {}};
  return {std::move(refusal), std::move(entry.id)};
}

// Two threads that enter a new second together may both reset the count: a few records more, and no lock.
bool Recorder::within_budget(Time now) {
  auto second = to_unix(now);
  if (budget_second_.exchange(second, std::memory_order_relaxed) != second)
    budget_used_.store(0, std::memory_order_relaxed);
  return budget_used_.fetch_add(1, std::memory_order_relaxed) < kUnverifiedPerSecond;
}

net::Task<Status> Recorder::queue_or_commit(audit::Entry entry) {
  if (!broken_->load(std::memory_order_relaxed)) co_return enqueue(audit::to_canonical(entry));
  auto status = co_await commit(entry);
  if (status) broken_->store(false, std::memory_order_relaxed);
  co_return status;
}

Status Recorder::enqueue(std::string entry) {
  // Only backlog_full is delivered on this thread, before commit returns.
  auto refused = std::make_shared<std::optional<Error>>();
  auto done = [refused, caller = std::this_thread::get_id(), broken = broken_,
               &lost = lost_](Result<std::uint64_t> index) {
    if (index) return;
    if (std::this_thread::get_id() == caller) {
      *refused = std::move(index).error();
      return;
    }
    broken->store(true, std::memory_order_relaxed);
    lost.add();
    log::error("an audit entry that nobody waited for could not be written", index.error());
  };
  store::Batch batch;
  batch.entries.push_back(std::move(entry));
  batch.can_wait = true;
  store_.commit(std::move(batch), std::move(done));
  if (*refused) return std::unexpected(**refused);
  return {};
}

}  // namespace watchword::access
