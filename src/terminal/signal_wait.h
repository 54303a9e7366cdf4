// SIGTERM, SIGINT and SIGHUP, waited for instead of handled.
#pragma once

#include <csignal>
#include <optional>

#include "base/clock.h"

namespace watchword::terminal {

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

}  // namespace watchword::terminal
