// When the policy on disk is to be loaded again: its files changed, or the last attempt failed.
#pragma once

#include <optional>
#include <string>

#include "base/clock.h"

namespace watchword::cli {

// Notices that files of a directory changed since it was made, by name, size and modification time. One thread.
class DirectoryWatch {
 public:
  explicit DirectoryWatch(std::string directory);
  // True once for a change, when the files have stood still from one call to the next: half of a copy is no policy.
  bool settled_change();

 private:
  std::string state() const;
  std::string directory_;
  std::string taken_, last_;
};

// When to try again what failed for a cause that may pass: after 5 s, 10 s, 20 s, 40 s, then every 60 s. One thread.
class Backoff {
 public:
  void failed(Time now);
  void reset();
  bool waits() const { return since_.has_value(); }
  bool due(Time now) const;  // a clock that was set back does not make it wait longer

 private:
  Duration wait_{};
  std::optional<Time> since_;  // the last failure
};

}  // namespace watchword::cli
