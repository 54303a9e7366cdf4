#include "cli/run_gate.h"

#include <unistd.h>

#include "base/log.h"

namespace watchword::cli {

SignalWait::SignalWait() {
  sigemptyset(&set_);
  for (int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set_, signal);
  pthread_sigmask(SIG_BLOCK, &set_, nullptr);
}

int SignalWait::wait() const {
  int signal = 0;
  sigwait(&set_, &signal);
  return signal;
}

std::optional<int> SignalWait::wait(Duration at_most) const {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(at_most);
  const timespec limit{.tv_sec = seconds.count(), .tv_nsec = std::chrono::nanoseconds(at_most - seconds).count()};
  const int signal = sigtimedwait(&set_, nullptr, &limit);
  return signal < 0 ? std::nullopt : std::optional(signal);
}

void SignalWait::wake() { ::kill(::getpid(), SIGHUP); }

void run_until_stopped(Gate& gate, const SignalWait& signals) {
  while (signals.wait() == SIGHUP) {
    // reload_policy logs, records and shows its own failure.
    static_cast<void>(gate.reload_policy("SIGHUP"));
  }
  log::info("stopping: requests in flight are finished, new ones refused");
  gate.drain();
}

}  // namespace watchword::cli
