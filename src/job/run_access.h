// The accesses of one run: got before its command starts, renewed while it runs, given back at the end.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "job/access.h"
#include "job/renewal_times.h"
#include "job/teller.h"

namespace watchword::job {

// On one loop, unless said otherwise. Holder and teller outlive it; it outlives the loop's tasks.
class RunAccess {
 public:
  struct Refused {
    std::string asked;    // such as billing-api/read
    Result<Reply> reply;  // of the gate, or why there is none
  };
  struct Options {
    bool explain = false;
    std::function<void(std::size_t access, const Token& token)> on_token;  // each new one
  };
  RunAccess(Holder& holder, Teller& teller, const std::vector<Wanted>& wanted, Options options);

  // One after the other; none: all are there.
  net::Task<std::optional<Refused>> acquire();
  // Renews each before it ends, until the loop stops, the session is over, or the gate renews no more.
  void keep();
  // A request found trouble that a new exchange may explain. Any thread; may be called often.
  void trouble();

  std::vector<Access*> accesses();     // any thread
  std::vector<Secret> tokens() const;  // that may still live; once the loop has stopped

 private:
  struct One {
    One(Holder& holder, const Wanted& wanted, bool explain)
        : access(holder, wanted, true, explain), times(holder.clock) {}
    Access access;
    RenewalTimes times;
    std::vector<std::shared_ptr<const Token>> earlier = {};  // may still live
    std::atomic<bool> trouble = false;
    std::optional<Reason> failing = std::nullopt;  // and that was told
    Time not_before{};                             // of the next try
  };
  enum class Next : std::uint8_t { go_on, end };

  net::Task<Result<Reply>> renew(std::size_t index);
  net::Task<void> keep_one(std::size_t index);
  Next failed(One& one, const Result<Reply>& reply);
  void say_over(const One& one, Reason reason);

  Holder& holder_;
  Teller& teller_;
  Options options_;
  std::vector<std::unique_ptr<One>> all_;
};

}  // namespace watchword::job
