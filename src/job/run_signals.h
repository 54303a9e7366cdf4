// What a run waits for: signals to pass on, the end of its command, the end of its parent, and news of its own threads.
#pragma once

#include <csignal>
#include <optional>

#include "base/clock.h"
#include "base/descriptor.h"
#include "base/result.h"

namespace watchword::job {

// Made before any thread. Only one at a time; the thread that makes it lives as long as the process.
class RunSignals {
 public:
  enum class What : std::uint8_t {
    signal,       // to pass on
    child,        // SIGCHLD
    parent_gone,  // the process that started this one has ended; said once
    woken,        // wake()
  };
  struct Event {
    What what = What::woken;
    int number = 0;              // of the signal
    bool from_terminal = false;  // the kernel sent it to the whole foreground group
  };

  // Blocks SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2 and SIGWINCH, each unless it is ignored, and ignores
  // SIGPIPE. command_not_started when the system has no descriptor left.
  static Result<RunSignals> start();

  // None when nothing came in time, or nothing to tell of.
  std::optional<Event> wait(std::optional<Duration> at_most = std::nullopt);
  void wake() const;  // any thread

  // As they were before start(). Async-signal-safe: for a forked process before its exec.
  void restore() const;

 private:
  RunSignals(Descriptor signals, Descriptor news) : signals_(std::move(signals)), news_(std::move(news)) {}
  std::optional<Event> next() const;

  Descriptor signals_, news_;
  sigset_t mask_{};
  struct sigaction child_{}, pipe_{};
  int parent_ = 0;
  bool orphaned_ = false;  // and that was told
};

}  // namespace watchword::job
