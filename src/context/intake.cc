#include "context/intake.h"

#include <algorithm>
#include <functional>
#include <future>
#include <utility>

#include "net/loop.h"

namespace watchword::context {

namespace {

std::string project_key(std::string_view issuer, const std::vector<Change>& changes) {
  std::string key(issuer);
  key += '\0';
  if (!changes.empty()) key += changes.front().project_id;
  return key;
}

store::Store::Done delivers(std::promise<Status>& durable) {
  return [&durable](Result<std::uint64_t> index) {
    durable.set_value(index ? Status{} : std::unexpected(std::move(index).error()));
  };
}

// About as many facts as they say, each of which becomes a row.
std::size_t weight_of(const std::vector<Change>& changes) {
  std::size_t weight = 0;
  for (const Change& change : changes) {
    const auto* pushed = std::get_if<Pushed>(&change.what);
    weight += 1 + (pushed ? pushed->commits.size() + pushed->reverted.size() : 0);
  }
  return std::max<std::size_t>(weight, 1);
}

store::DropFact drop(const store::FactRow& row) { return {row.issuer, row.project, row.kind, row.key, row.learned}; }

}  // namespace

Intake::Intake(FactTable& facts, store::Store& store, const Clock& clock, Metrics& metrics, OnLearned on_learned,
               std::chrono::milliseconds patience)
    : facts_(facts),
      store_(store),
      clock_(clock),
      on_learned_(std::move(on_learned)),
      patience_(patience),
      applied_(metrics.counter("watchword_events", "Events of CI systems", {{"result", "applied"}})),
      duplicates_(metrics.counter("watchword_events", "Events of CI systems", {{"result", "duplicate"}})),
      refused_(metrics.counter("watchword_events", "Events of CI systems", {{"result", "refused"}})),
      stats_(metrics) {}

Status Intake::restore() {
  const auto now = clock_.now();
  WW_CHECK(store_.each_fact(now, [this](const store::FactRow& row) { facts_.restore(row); }));
  for (const auto& project : facts_.heard()) stats_.restore(project.issuer, project.last_event);
  WW_TRY(auto deliveries, store_.deliveries(now));
  const std::lock_guard lock(mutex_);
  for (auto& delivery : deliveries) ids_.emplace(std::move(delivery.id), Delivered{delivery.keep_until, true});
  return {};
}

void Intake::apply(std::string_view issuer, const std::vector<Change>& changes, std::string_view source,
                   std::optional<store::PutDelivery> delivery, store::Store::Done done) {
  bool changed = false;
  {
    // Rows of one project must reach the store in the order in which they were learned.
    const std::lock_guard lock(order_[std::hash<std::string>{}(project_key(issuer, changes)) % order_.size()]);
    auto learned = facts_.apply(issuer, changes, source);
    changed = learned.changed;
    stats_.disagreed(issuer, learned.disagreeing);
    store::Batch batch;
    batch.changes.reserve(learned.rows.size() + learned.dropped.size() + 1);
    for (auto& row : learned.rows) batch.changes.emplace_back(store::PutFact{std::move(row)});
    for (auto& row : learned.dropped) batch.changes.emplace_back(drop(row));
    if (delivery) batch.changes.emplace_back(*std::move(delivery));
    store_.commit(std::move(batch), std::move(done));
  }
  on_learned_(issuer, changes, changed);
}

// Whoever waits for the disk is told once: by it, or that it takes too long.
struct Intake::Waiting {
  void tell(Status status) {
    if (!told.exchange(true)) answer.deliver(std::move(status));
  }
  std::atomic<bool> told{false};
  net::Delivery<Status> answer;
};

net::Task<void> Intake::lose_patience(std::shared_ptr<Waiting> waiting, std::chrono::milliseconds patience) {
  co_await net::Loop::current()->sleep(patience);
  waiting->tell(fail(Reason::store_unavailable, "no answer of the disk for " + to_string(Duration(patience))));
}

Result<Intake::Taken> Intake::reserve(const Event& event, Time now) {
  const std::lock_guard lock(mutex_);
  if (auto known = ids_.find(event.id); known != ids_.end()) {
    if (!known->second.durable)  // whether it will be is not known yet
      return fail(Reason::overloaded, "the same event, which is being written");
    return Taken::duplicate;
  }
  auto& waiting = waiting_[event.project];
  if (waiting > 0 && waiting + event.weight > kPerProject)
    return fail(Reason::backlog_full, "the facts of this project that wait to be written, with these",
                "at most " + std::to_string(kPerProject));
  waiting += event.weight;
  ids_.emplace(event.id, Delivered{now + kRememberIds});
  return Taken::applied;
}

void Intake::settle(const Event& event, bool durable) {
  const std::lock_guard lock(mutex_);
  auto waiting = waiting_.find(event.project);
  waiting->second -= event.weight;
  if (waiting->second == 0) waiting_.erase(waiting);
  if (durable)
    ids_[event.id].durable = true;
  else
    ids_.erase(event.id);  // the sender's next attempt counts
}

Error Intake::turn_away(Error why) {
  refused_.add();
  gap_ = true;
  return why;
}

net::Task<Result<Intake::Taken>> Intake::take(std::string_view issuer, std::string_view delivery,
                                              std::vector<Change> changes) {
  const auto now = clock_.now();
  Event event{std::string(issuer) + "/" + std::string(delivery), project_key(issuer, changes), weight_of(changes)};
  const auto reserved = reserve(event, now);
  if (!reserved && reserved.error().reason == Reason::backlog_full)
    co_return std::unexpected(turn_away(reserved.error()));
  if (!reserved) co_return std::unexpected(reserved.error());
  if (*reserved == Taken::duplicate) {
    duplicates_.add();
    co_return Taken::duplicate;
  }
  stats_.event(issuer, changes, now);
  auto waiting = std::make_shared<Waiting>();
  store::PutDelivery put{{event.id, now + kRememberIds}, now};
  apply(issuer, changes, "webhook", std::move(put),
        [this, waiting, event = std::move(event)](Result<std::uint64_t> index) {
          settle(event, index.has_value());
          waiting->tell(index ? Status{} : std::unexpected(std::move(index).error()));
        });
  net::spawn(lose_patience(waiting, patience_));
  if (auto durable = co_await waiting->answer; !durable) co_return std::unexpected(turn_away(durable.error()));
  applied_.add();
  co_return Taken::applied;
}

Status Intake::take_answers(std::string_view issuer, const std::vector<Change>& changes) {
  std::promise<Status> durable;
  apply(issuer, changes, "api", std::nullopt, delivers(durable));
  return durable.get_future().get();
}

Status Intake::sweep(Time now) {
  {
    const std::lock_guard lock(mutex_);
    std::erase_if(ids_, [&](const auto& id) { return id.second.durable && id.second.keep_until <= now; });
  }
  std::promise<Status> durable;
  {
    // What is learned again must reach the store after its dropping.
    std::array<std::unique_lock<std::mutex>, kOrders> locks;
    std::ranges::transform(order_, locks.begin(), [](std::mutex& mutex) { return std::unique_lock(mutex); });
    store::Batch batch;
    for (const auto& row : facts_.sweep(now)) batch.changes.emplace_back(drop(row));
    if (batch.changes.empty()) return {};
    store_.commit(std::move(batch), delivers(durable));
  }
  return durable.get_future().get();
}

}  // namespace watchword::context
