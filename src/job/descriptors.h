// The open files that a command inherits: those that this process was started with, and none of its own.
#pragma once

#include <vector>

namespace watchword::job {

class Descriptors {
 public:
  // Those open now; call it before anything is opened. A standard stream that is closed becomes /dev/null for this
  // process, so that nothing else takes its number, and stays closed for the command.
  static Descriptors inherited();

  // Closes all but these and `kept`. Async-signal-safe: for a forked process before its exec.
  void close_others(int kept) const;

 private:
  std::vector<int> open_;  // sorted
  int most_ = 0;           // no descriptor is higher
};

// Closes all but the standard streams and `kept`. Async-signal-safe.
void close_all_but(int kept);

}  // namespace watchword::job
