#include "store/sqlite/writer.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <string>

namespace watchword::store {
namespace {

// What one transaction takes at most: enough to hide the fsync, small enough that nobody waits long for it.
constexpr std::size_t kMaxGroup = 4096;
constexpr std::size_t kMaxGroupBytes = 16u << 20;
// How long a group gathers at most, and how large it becomes then: see Writer::gather.
constexpr std::chrono::milliseconds kGatherUrgent{3}, kGather{10};
constexpr std::size_t kEnough = 512;
constexpr std::size_t kMaxEntryBytes = 65535;  // tlog-tiles: a uint16 length

std::size_t size_of(const FactRow& row) {
  return row.issuer.size() + row.project.size() + row.kind.size() + row.key.size() + row.value.size() +
         row.source.size();
}

std::size_t size_of(const Batch& batch) {
  std::size_t bytes = sizeof(Batch) + batch.changes.size() * sizeof(Change);
  for (const auto& entry : batch.entries) bytes += sizeof(std::string) + entry.size();
  for (const auto& change : batch.changes) {
    if (const auto* put = std::get_if<PutSession>(&change)) bytes += put->row.document.size();
    if (const auto* put = std::get_if<PutFact>(&change)) bytes += size_of(put->row);
  }
  return bytes;
}

const std::string* too_long(const Batch& batch) {
  const auto found = std::ranges::find_if(batch.entries, [](const auto& e) { return e.size() > kMaxEntryBytes; });
  return found == batch.entries.end() ? nullptr : &*found;
}

Metrics& or_own(Metrics* given, Metrics& own) { return given != nullptr ? *given : own; }

}  // namespace

Writer::Writer(WriterConnection& connection, Changes changes, std::uint64_t log_size, const StoreOptions& options)
    : connection_(connection),
      changes_(std::move(changes)),
      max_backlog_(options.max_backlog),
      max_backlog_bytes_(options.max_backlog_bytes),
      transaction_seconds_(or_own(options.metrics, own_metrics_)
                               .histogram("watchword_store_transaction_seconds", "Time to make a group durable")),
      entries_written_(
          or_own(options.metrics, own_metrics_).counter("watchword_store_entries", "Log entries made durable")),
      batches_failed_(
          or_own(options.metrics, own_metrics_).counter("watchword_store_failed_batches", "Batches not written")),
      backlog_gauge_(or_own(options.metrics, own_metrics_).gauge("watchword_store_backlog", "Log entries that wait")),
      log_size_(log_size),
      forget_before_(std::numeric_limits<std::int64_t>::min()),
      thread_([this] { run(); }) {}

Writer::~Writer() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void Writer::on_grown(std::function<void(std::uint64_t)> callback) {
  const std::lock_guard lock(callback_mutex_);
  grown_ = std::move(callback);
}

std::optional<Error> Writer::trouble() const {
  const std::lock_guard lock(trouble_mutex_);
  return trouble_;
}

void Writer::commit(Batch batch, Store::Done done) {
  if (const std::string* entry = too_long(batch)) {
    done(fail(Reason::internal, "a log entry of " + std::to_string(entry->size()) + " bytes", "at most 65535 bytes"));
    return;
  }
  const std::size_t bytes = size_of(batch);
  const std::size_t entries = batch.entries.size();
  Reason refused = Reason::shutting_down;
  {
    const std::lock_guard lock(mutex_);
    const std::size_t waiting = backlog_.load(std::memory_order_relaxed);
    const bool room = waiting + entries <= max_backlog_ && backlog_bytes_ + bytes <= max_backlog_bytes_;
    if (room && !stopping_) {
      backlog_.store(waiting + entries, std::memory_order_relaxed);
      backlog_bytes_ += bytes;
      const bool hurry = !batch.can_wait && urgent_++ == 0;
      queue_.push_back({std::move(batch), std::move(done), bytes});
      if (hurry || queue_.size() == 1 || enough()) wake_.notify_one();
      return;
    }
    if (!stopping_) refused = Reason::backlog_full;
  }
  batches_failed_.add();
  done(fail(refused));
}

void Writer::run() {
  std::vector<Pending> group;
  while (take(group)) {
    settle(group, write(group));
    group.clear();
  }
}

bool Writer::take(std::vector<Pending>& group) {
  std::unique_lock lock(mutex_);
  wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
  gather(lock);
  std::size_t bytes = 0;
  while (!queue_.empty() && group.size() < kMaxGroup &&
         (group.empty() || bytes + queue_.front().bytes <= kMaxGroupBytes)) {
    bytes += queue_.front().bytes;
    if (!queue_.front().batch.can_wait) --urgent_;
    group.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  expected_ = group.size();
  return !group.empty();
}

// A transaction costs more than what it writes. Callers that wait are likely to come again as they came before: one
// that comes alone never waits here.
void Writer::gather(std::unique_lock<std::mutex>& lock) {
  const auto begun = std::chrono::steady_clock::now();
  while (!enough()) {
    const auto until = begun + (urgent_ > 0 ? kGatherUrgent : kGather);
    if (wake_.wait_until(lock, until) == std::cv_status::timeout) return;
  }
}

bool Writer::enough() const {
  return stopping_ || queue_.size() >= kEnough || (urgent_ > 0 && queue_.size() >= expected_);
}

Writer::Results Writer::write(const std::vector<Pending>& group) {
  const auto start = std::chrono::steady_clock::now();
  Results results;
  std::uint64_t next = 0;
  Status done;
  {
    const std::lock_guard lock(connection_.mutex);
    // Savepoints cost, and batches seldom fail: only when one did, the group is written again with one for each.
    done = transaction(group, false, results, next);
    if (!done && done.error().reason == kConstraintBroken) done = transaction(group, true, results, next);
  }
  {
    const std::lock_guard lock(trouble_mutex_);
    trouble_ = done ? std::nullopt : std::optional(done.error());
  }
  if (!done) {
    const Result<std::uint64_t> failed = std::unexpected(done.error());
    results.assign(group.size(), failed);
    return results;
  }
  entries_written_.add(next - log_size_.load(std::memory_order_relaxed));
  log_size_.store(next, std::memory_order_release);
  transaction_seconds_.observe(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  return results;
}

Status Writer::transaction(const std::vector<Pending>& group, bool savepoints, Results& results, std::uint64_t& next) {
  Database& database = connection_.database;
  results.clear();
  next = log_size_.load(std::memory_order_relaxed);
  const auto all = [&]() -> Status {
    if (database.in_transaction()) WW_CHECK(database.run("ROLLBACK"));  // an earlier one that could not be ended
    WW_CHECK(database.run("BEGIN IMMEDIATE"));
    for (const Pending& pending : group) {
      auto first = apply(pending.batch, savepoints, next);
      const bool this_one_only = savepoints && !first && first.error().reason == kConstraintBroken;
      if (!first && !this_one_only) return std::unexpected(std::move(first).error());
      if (first) next += pending.batch.entries.size();
      results.push_back(std::move(first));
    }
    return database.run("COMMIT");
  };
  auto done = all();
  // SQLite may have rolled back by itself (disk full, I/O error). Should this fail too, the next transaction tries
  // again.
  if (!done && database.in_transaction()) WW_CHECK(database.run("ROLLBACK"));
  return done;
}

Result<std::uint64_t> Writer::apply(const Batch& batch, bool savepoint, std::uint64_t next) {
  const Time forget{Duration(forget_before_.load(std::memory_order_relaxed))};
  if (!savepoint) {
    WW_CHECK(changes_.apply(batch, next, forget));
    return next;
  }
  Database& database = connection_.database;
  WW_CHECK(database.run("SAVEPOINT batch"));
  auto done = changes_.apply(batch, next, forget);
  if (!done && done.error().reason == kConstraintBroken) WW_CHECK(database.run("ROLLBACK TO batch"));
  if (!done && done.error().reason != kConstraintBroken) return std::unexpected(std::move(done).error());
  WW_CHECK(database.run("RELEASE batch"));
  if (!done) return std::unexpected(std::move(done).error());
  return next;
}

void Writer::settle(std::vector<Pending>& group, Results results) {
  std::size_t entries = 0, bytes = 0;
  for (const Pending& pending : group) {
    entries += pending.batch.entries.size();
    bytes += pending.bytes;
  }
  {
    const std::lock_guard lock(mutex_);
    backlog_.store(backlog_.load(std::memory_order_relaxed) - entries, std::memory_order_relaxed);
    backlog_bytes_ -= bytes;
  }
  backlog_gauge_.set(static_cast<std::int64_t>(backlog()));
  bool written = false;
  for (std::size_t i = 0; i < group.size(); ++i) {
    written = written || results[i].has_value();
    if (!results[i]) batches_failed_.add();
    group[i].done(std::move(results[i]));
  }
  const std::lock_guard lock(callback_mutex_);
  if (written && grown_) grown_(log_size());
}

}  // namespace watchword::store
