// Keeps a gate running until it is told to stop: SIGTERM and SIGINT drain, SIGHUP reloads the policy.
#pragma once

#include <csignal>
#include <optional>

#include "cli/gate.h"

namespace watchword::cli {

// Blocks the signals in this thread and those it makes later, so that only wait() takes them.
class SignalWait {
 public:
  SignalWait();
  int wait() const;  // the next of SIGTERM, SIGINT, SIGHUP
  std::optional<int> wait(Duration at_most) const;
  static void wake();  // wait() returns SIGHUP; any thread

 private:
  sigset_t set_{};
};

void run_until_stopped(Gate& gate, const SignalWait& signals);

}  // namespace watchword::cli
