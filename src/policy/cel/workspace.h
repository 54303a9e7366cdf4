// What an evaluation makes (text, lists, maps, failures) lives here, and what it may cost is counted here.
#pragma once

#include <forward_list>
#include <string>
#include <vector>

#include "policy/cel/value.h"

namespace watchword::policy::cel {

// Bounds of one evaluation.
inline constexpr std::size_t kMaxSteps = 100'000;                // nodes visited, items and 64-byte blocks looked at
inline constexpr std::size_t kMaxMade = std::size_t{1} << 20;    // bytes of text and lists made, in all
inline constexpr std::size_t kMaxString = std::size_t{1} << 16;  // bytes of one string made

// Addresses stay valid as long as the workspace lives, also when it is moved. Not synchronised.
class Workspace {
 public:
  Value text(std::string made);  // a failure when it is too long
  Value list(std::vector<Value> items);
  Value map(std::vector<Entry> entries);
  Value error(std::string text, std::string fix = {});
  Value unknown(std::string text, std::string fix = {});
  Value over_budget();
  // Takes `steps` off what is left; false when that is used up. Nothing is left from then on.
  bool spend(std::size_t steps) {
    if (steps >= steps_left_) {
      steps_left_ = 0;
      return false;
    }
    steps_left_ -= steps;
    return true;
  }
  std::size_t& steps_left() { return steps_left_; }
  bool exhausted() const { return steps_left_ == 0; }

 private:
  bool take(std::size_t bytes);

  std::size_t steps_left_ = kMaxSteps;
  std::size_t bytes_left_ = kMaxMade;
  std::forward_list<std::string> texts_;
  std::forward_list<std::vector<Value>> lists_;
  std::forward_list<std::vector<Entry>> maps_;
  std::forward_list<Failure> failures_;
};

}  // namespace watchword::policy::cel
