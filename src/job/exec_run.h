// One run of exec: access first, then the command, and at the end everything is given back.
#pragma once

#include <atomic>
#include <optional>

#include "job/child.h"
#include "job/environment.h"
#include "job/exec_plan.h"
#include "job/keeper.h"
#include "job/run_access.h"
#include "job/run_signals.h"
#include "job/teller.h"
#include "net/loop.h"

namespace watchword::job {

inline constexpr int kExecFailure = 120;  // is added to the exit codes of docs/cli.md; none is taken for the command's

// Used by the main thread.
class ExecRun {
 public:
  // What it is made of; all outlive it.
  struct Parts {
    const ExecPlan& plan;
    const ExecOptions& options;
    const Output& out;
    Holder& holder;
    Environment& environment;
    const Descriptors& inherited;
    RunSignals& signals;
    const Keeper& keeper;
    Teller& teller;
  };
  explicit ExecRun(const Parts& parts);
  // The exit code. All is given back by then.
  int go();

 private:
  int with_access();
  std::optional<int> acquire();  // an exit code where there is no access
  net::Task<void> acquire_on_loop();
  int follow(Child& child);
  void refused(const Reply& refusal);  // on a thread of the local gate
  net::Loop& loop() { return *loops_.loops().front(); }

  const Parts parts_;
  RunAccess access_;
  std::optional<RunAccess::Refused> refused_;
  std::atomic<bool> acquired_ = false;
  net::LoopPool loops_{1};
};

}  // namespace watchword::job
