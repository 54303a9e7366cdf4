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

// Held while an event waits to become durable.
class Intake::Place {
 public:
  static std::optional<Place> take(Intake& intake, std::string key, std::size_t weight) {
    const std::lock_guard lock(intake.mutex_);
    auto& waiting = intake.waiting_[key];
    if (waiting > 0 && waiting + weight > kPerProject) return std::nullopt;
    waiting += weight;
    return Place(intake, std::move(key), weight);
  }
  Place(Place&& other) noexcept
      : intake_(std::exchange(other.intake_, nullptr)), key_(std::move(other.key_)), weight_(other.weight_) {}
  Place& operator=(Place&&) = delete;
  ~Place() {
    if (!intake_) return;
    const std::lock_guard lock(intake_->mutex_);
    auto found = intake_->waiting_.find(key_);
    if ((found->second -= weight_) == 0) intake_->waiting_.erase(found);
  }

 private:
  Place(Intake& intake, std::string key, std::size_t weight)
      : intake_(&intake), key_(std::move(key)), weight_(weight) {}
  Intake* intake_;
  std::string key_;
  std::size_t weight_;
};

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

// An event on its way to the disk. Its place is free once the disk has answered, whether or not somebody still waits.
struct Intake::Waiting {
  explicit Waiting(Place its_place) : place(std::move(its_place)) {}
  void tell(Status status) {
    if (!told.exchange(true)) answer.deliver(std::move(status));
  }
  Place place;
  std::atomic<bool> told{false};
  net::Delivery<Status> answer;
};

net::Task<void> Intake::lose_patience(std::shared_ptr<Waiting> waiting, std::chrono::milliseconds patience) {
  co_await net::Loop::current()->sleep(patience);
  waiting->tell(fail(Reason::store_unavailable, "no answer of the disk for " + to_string(Duration(patience))));
}

void Intake::settle(const std::string& id, bool durable) {
  const std::lock_guard lock(mutex_);
  if (durable)
    ids_[id].durable = true;
  else
    ids_.erase(id);  // the sender's next attempt counts
}

Error Intake::turn_away(Error why) {
  refused_.add();
  gap_ = true;
  return why;
}

net::Task<Result<Intake::Taken>> Intake::take(std::string_view issuer, std::string_view delivery,
                                              std::vector<Change> changes) {
  auto place = Place::take(*this, project_key(issuer, changes), weight_of(changes));
  if (!place)
    co_return std::unexpected(turn_away({Reason::backlog_full,
                                         "the facts of this project that wait to be written, with these",
                                         "at most " + std::to_string(kPerProject),
                                         {},
                                         {}}));
  const auto now = clock_.now();
  const store::PutDelivery put{{std::string(issuer) + "/" + std::string(delivery), now + kRememberIds}, now};
  {
    const std::lock_guard lock(mutex_);
    const auto [known, fresh] = ids_.emplace(put.delivery.id, Delivered{put.delivery.keep_until});
    if (!fresh && !known->second.durable)  // whether it will be is not known yet
      co_return fail(Reason::overloaded, "the same event, which is being written");
    if (!fresh) {
      duplicates_.add();
      co_return Taken::duplicate;
    }
  }
  stats_.event(issuer, changes, now);
  auto waiting = std::make_shared<Waiting>(*std::move(place));
  apply(issuer, changes, "webhook", put, [this, waiting, id = put.delivery.id](Result<std::uint64_t> index) {
    settle(id, index.has_value());
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
