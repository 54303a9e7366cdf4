// The one thread that writes: whatever waits when it becomes free shares a transaction, and so an fsync.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "base/metrics.h"
#include "store/sqlite/changes.h"
#include "store/sqlite/database.h"
#include "store/store.h"

namespace watchword::store {

// What a reader and the writer of a store in memory take turns on. A store in a file has other connections for reading.
struct WriterConnection {
  Database database;
  std::mutex mutex;
};

class Writer {
 public:
  // `options.metrics` may be null. `connection` must outlive the writer.
  Writer(WriterConnection& connection, Changes changes, std::uint64_t log_size, const StoreOptions& options);
  ~Writer();  // writes what waits, then stops

  // These are Store's; see there.
  void commit(Batch batch, Store::Done done);
  std::uint64_t log_size() const { return log_size_.load(std::memory_order_acquire); }
  std::size_t backlog() const { return backlog_.load(std::memory_order_relaxed); }
  void on_grown(std::function<void(std::uint64_t)> callback);
  std::optional<Error> trouble() const;
  // Revocations of tokens that expired before this are of no more use.
  void forget_before(Time time) { forget_before_.store(time.time_since_epoch().count(), std::memory_order_relaxed); }

 private:
  struct Pending {
    Batch batch;
    Store::Done done;
    std::size_t bytes = 0;
  };
  using Results = std::vector<Result<std::uint64_t>>;

  void run();
  bool take(std::vector<Pending>& group);           // waits; false: stopped, and nothing is left
  void gather(std::unique_lock<std::mutex>& lock);  // waits a little for what can share the transaction
  bool enough() const;                              // not to wait any longer
  Results write(const std::vector<Pending>& group);
  Status transaction(const std::vector<Pending>& group, bool savepoints, Results& results, std::uint64_t& next);
  Result<std::uint64_t> apply(const Batch& batch, bool savepoint, std::uint64_t next);
  void settle(std::vector<Pending>& group, Results results);

  WriterConnection& connection_;
  Changes changes_;
  const std::size_t max_backlog_, max_backlog_bytes_;
  Metrics own_metrics_;
  Histogram& transaction_seconds_;
  Counter& entries_written_;
  Counter& batches_failed_;
  Gauge& backlog_gauge_;

  std::atomic<std::uint64_t> log_size_;
  std::atomic<std::size_t> backlog_{0};
  std::atomic<std::int64_t> forget_before_;

  std::mutex mutex_;  // guards what follows
  std::condition_variable wake_;
  std::deque<Pending> queue_;
  std::size_t urgent_ = 0;    // of the queue: someone waits for them
  std::size_t expected_ = 1;  // as many as shared the last transaction
  std::size_t backlog_bytes_ = 0;
  bool stopping_ = false;

  mutable std::mutex trouble_mutex_;
  std::optional<Error> trouble_;

  std::mutex callback_mutex_;  // held during the call, so that nobody is called after on_grown({}) has returned
  std::function<void(std::uint64_t)> grown_;

  std::thread thread_;  // last: it uses all of the above
};

}  // namespace watchword::store
