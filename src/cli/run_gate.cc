#include "cli/run_gate.h"

#include "base/log.h"

namespace watchword::cli {

void run_until_stopped(Gate& gate, const terminal::SignalWait& signals) {
  while (signals.wait() == SIGHUP) {
    // reload_policy logs, records and shows its own failure.
    static_cast<void>(gate.reload_policy("SIGHUP"));
  }
  log::info("stopping: requests in flight are finished, new ones refused");
  gate.drain();
}

}  // namespace watchword::cli
