// Where changes come in, from webhooks and from the API: known at once, durable before anyone is told so, once each.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/result.h"
#include "context/event.h"
#include "context/event_stats.h"
#include "context/fact_table.h"
#include "net/task.h"
#include "store/store.h"

namespace watchword::context {

// Applying is idempotent, and facts and the delivery's id become durable in one transaction: there is no moment between
// accepting an event and having applied it, so a crash loses nothing and repeats nothing.
class Intake {
 public:
  // Called on the applying thread, before the facts are durable: what ends, ends at once. `changed`: some decision may
  // differ from before. Must not block.
  using OnLearned = std::function<void(std::string_view issuer, const std::vector<Change>& changes, bool changed)>;
  // All outlive the intake.
  // `patience`: how long a sender waits for the disk; GitLab gives up after ten seconds.
  Intake(FactTable& facts, store::Store& store, const Clock& clock, Metrics& metrics, OnLearned on_learned,
         std::chrono::milliseconds patience = std::chrono::seconds(5));

  Status restore();  // facts and ids of deliveries, from the store; at start

  enum class Taken : std::uint8_t { applied, duplicate };
  // A webhook's changes, all of one project. On a loop; returns when they are durable. `delivery` as from
  // IncomingWebhook. store_unavailable, also when the disk takes longer than `patience`: the sender should try
  // again; backlog_full: too much of this project waits
  // already (kPerProject), so that one noisy project does not delay the others. A project of which nothing waits always
  // has its event taken, however much that says.
  net::Task<Result<Taken>> take(std::string_view issuer, std::string_view delivery, std::vector<Change> changes);
  // Answers of the API. On a thread that is no loop; returns when they are durable.
  Status take_answers(std::string_view issuer, const std::vector<Change>& changes);
  // Drops what is over. By the maintenance thread.
  Status sweep(Time now);
  // Whether an event was turned away since the last call: senders do not always try again, so its facts may be missing.
  bool take_gap() { return gap_.exchange(false); }
  const EventStats& stats() const { return stats_; }

  static constexpr std::size_t kPerProject = 1024;  // facts; a job event says one, a pipeline event up to 501

 private:
  // Beyond this a signed event is too old to be accepted again, with a margin for clocks.
  static constexpr Duration kRememberIds = std::chrono::minutes(15);
  static constexpr std::size_t kOrders = 16;
  struct Event {
    std::string id, project;  // with the issuer's name
    std::size_t weight;       // of a project's kPerProject, until the disk has answered
  };
  struct Waiting;
  static net::Task<void> lose_patience(std::shared_ptr<Waiting> waiting, std::chrono::milliseconds patience);
  Result<Taken> reserve(const Event& event, Time now);  // applied: it may be
  void settle(const Event& event, bool durable);
  Error turn_away(Error why);
  void apply(std::string_view issuer, const std::vector<Change>& changes, std::string_view source,
             std::optional<store::PutDelivery> delivery, store::Store::Done done);

  FactTable& facts_;
  store::Store& store_;
  const Clock& clock_;
  OnLearned on_learned_;
  std::chrono::milliseconds patience_;
  std::atomic<bool> gap_{false};
  Counter& applied_;
  Counter& duplicates_;
  Counter& refused_;
  EventStats stats_;
  std::array<std::mutex, kOrders> order_;  // by project
  std::mutex mutex_;                       // of the two below
  struct Delivered {
    Time keep_until;
    bool durable = false;
  };
  std::unordered_map<std::string, Delivered> ids_;
  std::unordered_map<std::string, std::size_t> waiting_;  // by issuer and project
};

}  // namespace watchword::context
