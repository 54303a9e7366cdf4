// A process beside a run that gives its tokens back when the run itself cannot: after a SIGKILL.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string_view>
#include <vector>

#include "base/descriptor.h"
#include "base/result.h"
#include "base/secret.h"

namespace watchword::job {

// The keeper is a fork of this process in a session of its own, which a signal to the group misses. It has /dev/null
// for standard streams and no other file, so that nobody waits for its end who reads a log; it knows what it is told,
// in memory only; and it ends with the run, or soon after.
class Keeper {
 public:
  struct Held {
    std::vector<Secret> tokens;
    pid_t group = 0;  // 0: none
  };
  static constexpr unsigned kLongestSeconds = 10;
  static constexpr std::size_t kMostTokens = 16;  // of one access, the newest

  // `last` runs in the keeper when this process ends without end(), and is cut after kLongestSeconds. Before any thread
  // is started, as the fork has only one. command_not_started.
  static Result<Keeper> start(const std::function<void(const Held&)>& last);
  Keeper(Keeper&&) = default;
  ~Keeper();  // all is given back: the keeper ends without a word

  // One thread at a time. What `access` (a number) holds from now on; those before it may still live, and are held
  // too. A keeper that is gone, or hears nothing, is no failure: tokens end by themselves.
  void hold(std::size_t access, std::string_view token) const;
  // The process group that is to be killed with this process; 0: none.
  void hold_group(pid_t group) const;

 private:
  Keeper(pid_t pid, Descriptor to) : pid_(pid), to_(std::move(to)) {}
  pid_t pid_;
  Descriptor to_;
};

}  // namespace watchword::job
