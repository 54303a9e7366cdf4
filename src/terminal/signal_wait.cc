#include "terminal/signal_wait.h"

#include <unistd.h>

namespace watchword::terminal {

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

}  // namespace watchword::terminal
