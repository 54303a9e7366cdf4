// Puts decisions on record: builds audit entries and commits them with the state that they describe.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "access/decide.h"
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

  // An entry with its id and time set.
  audit::Entry start(audit::Event event) const;
  // Sets outcome, reason, role, rule and policy; detail keeps found and expected.
  static void describe(audit::Entry& entry, const Decision& decision);
  static void describe(audit::Entry& entry, const Error& refusal, audit::Outcome outcome);
  static void describe(audit::Entry& entry, const Session& session);

  // Returns when entry and changes are durable. store_unavailable, backlog_full: nothing was written. On a loop.
  net::Task<Status> commit(audit::Entry entry, std::vector<store::Change> changes = {});
  // The same from a thread that is no loop.
  Status commit_and_wait(audit::Entry entry, std::vector<store::Change> changes = {});
  // Queues without waiting: for refusals, where nothing is handed out. backlog_full when the queue is at its bound.
  Status queue(audit::Entry entry);
  // Requests in batch mode: queued without waiting, as long as the log can be written. After a failed write every request
  // waits for its own record again, so that none goes unrecorded unnoticed. On a loop.
  net::Task<Status> queue_or_commit(audit::Entry entry);

 private:
  Status enqueue(std::string entry);
  store::Store& store_;
  const Clock& clock_;
  Random& random_;
  Counter& lost_;  // entries queued without waiting whose write failed later
  std::shared_ptr<std::atomic<bool>> broken_ = std::make_shared<std::atomic<bool>>(false);
};

}  // namespace watchword::access
