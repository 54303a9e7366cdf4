// Single flight: who asks what is being asked already waits for the same answer, and answers hold for a while.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "net/loop.h"

namespace watchword::context {

// One who waits on a loop, until the first of several threads says what came of it.
class Waiter {
 public:
  void finish(bool answer) {
    if (!finished_.exchange(true)) answer_.deliver(answer);
  }
  // On the loop, by one coroutine. The waiter is kept alive by whoever awaits.
  net::Delivery<bool>& answer() { return answer_; }

 private:
  std::atomic<bool> finished_ = false;
  net::Delivery<bool> answer_;
};

// Any thread.
class SingleFlight {
 public:
  explicit SingleFlight(Duration holds) : holds_(holds) {}

  struct Joined {
    std::optional<bool> held;  // the answer, which is not older than `holds`; nobody waits then
    bool begins = false;       // the caller is the first and has to see to it that land() is called
  };
  // Held at once with false when kMost questions are known already.
  Joined join(const std::string& key, std::shared_ptr<Waiter> waiter, Time now);
  void land(const std::string& key, bool answer, Time now);  // tells all who wait
  void land_all();                                           // at the end: false to all
  void forget(Time now);                                     // answers that hold no more

  static constexpr std::size_t kMost = 10'000;

 private:
  struct Flight {
    std::vector<std::shared_ptr<Waiter>> waiting;
    std::optional<Time> landed;
    bool answer = false;
  };
  bool holds(const Flight& flight, Time now) const;

  const Duration holds_;
  std::mutex mutex_;
  std::unordered_map<std::string, Flight> flights_;
};

}  // namespace watchword::context
