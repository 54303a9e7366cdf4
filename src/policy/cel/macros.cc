// Macros over lists and over the keys of maps.
#include <fmt/format.h>

#include "policy/cel/evaluate.h"

namespace watchword::policy::cel {
namespace {

// What a macro walks over.
class Range {
 public:
  explicit Range(const Value& over) : list_(over.as<List>()), map_(over.as<Map>()) {}
  bool valid() const { return list_ != nullptr || map_ != nullptr; }
  std::size_t size() const { return list_ != nullptr ? list_->size() : map_->size(); }
  Value at(std::size_t index) const { return list_ != nullptr ? list_->at(index) : map_->key(index); }

 private:
  const List* list_;
  const Map* map_;
};

}  // namespace

// all() is && over the items, exists() is ||, with the same treatment of failures.
Value Evaluator::quantifier(const Node& node) {
  const Value over = operand(node, 0);
  if (over.failure() != nullptr) return over;
  const Range range(over);
  if (!range.valid()) return no_overload(node, {&over, 1});
  const bool decisive = node.op == Op::exists;
  Value failed;
  for (std::size_t i = 0; i < range.size() && !workspace_.exhausted(); ++i) {
    locals_[node.index] = range.at(i);
    const Value value = operand(node, 1);
    if (const auto* flag = value.as<bool>()) {
      if (*flag == decisive) return value;
      continue;
    }
    merge_failure(failed, value.failure() != nullptr ? value : no_overload(node, {&value, 1}));
  }
  if (workspace_.exhausted()) return workspace_.over_budget();
  return failed.failure() != nullptr ? failed : Value{!decisive};
}

Value Evaluator::exists_one(const Node& node) {
  const Value over = operand(node, 0);
  if (over.failure() != nullptr) return over;
  const Range range(over);
  if (!range.valid()) return no_overload(node, {&over, 1});
  std::size_t count = 0;
  for (std::size_t i = 0; i < range.size(); ++i) {
    locals_[node.index] = range.at(i);
    const Value value = operand(node, 1);
    if (value.failure() != nullptr) return value;
    if (value.as<bool>() == nullptr) return no_overload(node, {&value, 1});
    if (value.is_true()) ++count;
  }
  return {count == 1};
}

Value Evaluator::filter(const Node& node) {
  const Value over = operand(node, 0);
  if (over.failure() != nullptr) return over;
  const Range range(over);
  if (!range.valid()) return no_overload(node, {&over, 1});
  std::vector<Value> kept;
  for (std::size_t i = 0; i < range.size(); ++i) {
    const Value item = range.at(i);
    locals_[node.index] = item;
    const Value value = operand(node, 1);
    if (value.failure() != nullptr) return value;
    if (value.as<bool>() == nullptr) return no_overload(node, {&value, 1});
    if (value.is_true()) kept.push_back(item);
  }
  return workspace_.list(std::move(kept));
}

Value Evaluator::transform(const Node& node) {
  const Value over = operand(node, 0);
  if (over.failure() != nullptr) return over;
  const Range range(over);
  if (!range.valid()) return no_overload(node, {&over, 1});
  std::vector<Value> made;
  for (std::size_t i = 0; i < range.size(); ++i) {
    locals_[node.index] = range.at(i);
    if (node.count == 3) {
      const Value wanted = operand(node, 1);
      if (wanted.failure() != nullptr) return wanted;
      if (wanted.as<bool>() == nullptr) return no_overload(node, {&wanted, 1});
      if (wanted.is_false()) continue;
    }
    const Value value = operand(node, node.count - 1);
    if (value.failure() != nullptr) return value;
    made.push_back(value);
  }
  return workspace_.list(std::move(made));
}

}  // namespace watchword::policy::cel
