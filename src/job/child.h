// The command of a run: started with what it is to inherit and nothing of this process's own.
#pragma once

#include <sys/types.h>

#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "job/descriptors.h"
#include "job/run_signals.h"

namespace watchword::job {

// Without a controlling terminal the command leads a process group of its own, so that a signal to the group of this
// process reaches it once, passed on, and so that it can be ended with all that it started. With one it stays in the
// group to which the terminal sends its signals.
class Child {
 public:
  struct NotStarted {
    Error error;  // command_not_started
    int code;     // as shells have it: 127 not found, 126 not executable
  };
  // `before`: called with its group (0: none of its own) before the command runs, and can start anything. `words`: the
  // command, found by $PATH, and its arguments. `environment`: for execve. Signals, standard streams and
  // inherited files are as this process found them. It gets SIGKILL when this process ends before it. Call it on the
  // main thread, which lives as long as the process (prctl(2), PR_SET_PDEATHSIG).
  static std::expected<Child, NotStarted> start(const std::vector<std::string>& words,
                                                const std::vector<char*>& environment, const RunSignals& signals,
                                                const Descriptors& inherited,
                                                const std::function<void(pid_t group)>& before);

  // What ends processes goes to all of its group where that is its own, as a terminal or a runner would send it; what
  // programs make their own sense of (SIGUSR1, SIGWINCH) to the command alone. Nothing once it has ended.
  void signal(int number) const;
  // Whether a signal that the terminal sent to the foreground has reached it already.
  bool hears_terminal() const { return group_ == 0; }

  // As shells have it: its exit status, 128 + N after signal N; none while it runs.
  std::optional<int> ended();

 private:
  Child(pid_t pid, pid_t group) : pid_(pid), group_(group) {}
  pid_t pid_, group_;
  std::optional<int> code_;
};

}  // namespace watchword::job
