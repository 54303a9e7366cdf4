// Puts decisions on record: builds audit entries and commits them with the state that they describe.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "access/decide.h"
#include "access/request_origin.h"
#include "access/session.h"
#include "audit/entry.h"
#include "base/clock.h"
#include "base/metrics.h"
#include "base/random.h"
#include "base/result.h"
#include "net/task.h"
#include "store/store.h"

namespace watchword::access {

class Recorder {
 public:
  Recorder(store::Store& store, const Clock& clock, Random& random, Metrics& metrics);

  // An entry with its id and time set, and how the request came that it is about.
  audit::Entry start(audit::Event event) const;
  audit::Entry start(audit::Event event, const Origin& origin) const;
  // What a refusal is on record: an answer, or that there was none.
  static audit::Outcome outcome_of(const Error& refusal);
  // Sets outcome, reason, role, rule and policy; detail keeps found and expected.
  static void describe(audit::Entry& entry, const Decision& decision);
  static void describe(audit::Entry& entry, const Error& refusal);
  static void describe(audit::Entry& entry, const Session& session);

  // Returns when entry and changes are durable. store_unavailable, backlog_full: nothing was written. On a loop.
  net::Task<Status> commit(const audit::Entry& entry, std::vector<store::Change> changes = {});
  // The same of a batch that is put together already.
  net::Task<Status> commit(store::Batch batch);
  // The same from a thread that is no loop.
  Status commit_and_wait(const audit::Entry& entry, std::vector<store::Change> changes = {});
  // Queues a refusal without waiting, as nothing is handed out. Callers that
  // nobody verified get at most kUnverifiedPerSecond records, so that they cannot fill the disk; the rest is counted.
  // Returns what the caller is told: the refusal and its record's id (empty without a record), or why there is no
  // record.
  struct Told {
    Error error;
    std::string record;
  };
  Told queue_refusal(audit::Entry entry, Error refusal, bool verified_caller);
  static constexpr std::int64_t kUnverifiedPerSecond = 100;
  // Requests in batch mode: queued without waiting, as long as the log can be written. After a failed write every
  // request waits for its own record again, so that none goes unrecorded unnoticed. On a loop.
  net::Task<Status> queue_or_commit(audit::Entry entry);

 private:
  bool within_budget(Time now);
  Status enqueue(std::string entry);
  store::Store& store_;
  const Clock& clock_;
  Random& random_;
  Counter& unrecorded_;  // refusals of unverified callers beyond their budget
  std::atomic<std::int64_t> budget_second_{0}, budget_used_{0};
  Counter& lost_;  // entries queued without waiting whose write failed later
  std::shared_ptr<std::atomic<bool>> broken_ = std::make_shared<std::atomic<bool>>(false);
};

}  // namespace watchword::access
