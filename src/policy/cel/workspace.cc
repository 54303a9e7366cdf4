// Keeps what an evaluation makes, within its bounds.
#include "policy/cel/workspace.h"

namespace watchword::policy::cel {

bool Workspace::take(std::size_t bytes) {
  if (bytes > bytes_left_) {
    bytes_left_ = 0;
    steps_left_ = 0;
    return false;
  }
  bytes_left_ -= bytes;
  return true;
}

Value Workspace::text(std::string made) {
  if (made.size() > kMaxString) return error("a string grows beyond 64 KiB");
  if (!take(made.size())) return over_budget();
  return {std::string_view(texts_.emplace_front(std::move(made)))};
}

Value Workspace::list(std::vector<Value> items) {
  if (!take(items.size() * sizeof(Value))) return over_budget();
  return {List(std::span<const Value>(lists_.emplace_front(std::move(items))))};
}

Value Workspace::map(std::vector<Entry> entries) {
  if (!take(entries.size() * sizeof(Entry))) return over_budget();
  return {Map(std::span<const Entry>(maps_.emplace_front(std::move(entries))))};
}

Value Workspace::error(std::string text, std::string fix) {
  return {&failures_.emplace_front(Failure{false, std::move(text), std::move(fix)})};
}

Value Workspace::unknown(std::string text, std::string fix) {
  return {&failures_.emplace_front(Failure{true, std::move(text), std::move(fix)})};
}

Value Workspace::over_budget() {
  static const Failure kTooCostly{false, "the condition costs more than an evaluation may",
                                  "use shorter lists, or fewer macros over them"};
  return {&kTooCostly};
}

}  // namespace watchword::policy::cel
