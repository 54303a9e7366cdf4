// What a run says beside the output of its command: on standard error, each line whole, each refusal once.
#pragma once

#include <mutex>
#include <set>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "job/gate_client.h"

namespace watchword::job {

// Any thread. The clock outlives it.
class Teller {
 public:
  Teller(const Clock& clock, bool json) : clock_(clock), json_(json) {}

  void say(std::string_view line);  // behind "watchword: "; safe to print
  // As refusal_text.h has it, or with --json as it came. A command that is refused a thousand times is told why once:
  // one reason by one rule is one refusal.
  void tell(const Reply& refusal);
  void explain(const Reply& reply);  // what the gate evaluated

 private:
  bool is_new(const Reply& refusal);

  const Clock& clock_;
  const bool json_;
  std::mutex mutex_;
  std::set<std::string> told_;
};

}  // namespace watchword::job
