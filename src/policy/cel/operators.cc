// Operators on two values: arithmetic with overflow as an error, time, concatenation, comparison, membership.
#include <fmt/format.h>

#include "policy/cel/evaluate.h"
#include "policy/cel/time.h"

namespace watchword::policy::cel {
namespace {

Value overflow(Workspace& workspace, Op op) { return workspace.error(fmt::format("'{}' overflows", symbol(op))); }

Value on_integers(Op op, std::int64_t a, std::int64_t b, Workspace& workspace) {
  std::int64_t out = 0;
  if (op == Op::add) return __builtin_add_overflow(a, b, &out) ? overflow(workspace, op) : Value{out};
  if (op == Op::subtract) return __builtin_sub_overflow(a, b, &out) ? overflow(workspace, op) : Value{out};
  if (op == Op::multiply) return __builtin_mul_overflow(a, b, &out) ? overflow(workspace, op) : Value{out};
  if (b == 0) return workspace.error("division by zero");
  if (b == -1) {  // the smallest int has no negative
    if (op == Op::remainder) return {std::int64_t{0}};
    return __builtin_sub_overflow(std::int64_t{0}, a, &out) ? overflow(workspace, op) : Value{out};
  }
  return {op == Op::divide ? a / b : a % b};
}

std::optional<Value> on_doubles(Op op, double a, double b) {
  if (op == Op::add) return Value{a + b};
  if (op == Op::subtract) return Value{a - b};
  if (op == Op::multiply) return Value{a * b};
  if (op == Op::divide) return Value{a / b};
  return std::nullopt;
}

template <class T>
Value bounded(std::int64_t us, bool overflows, Op op, Workspace& workspace) {
  const T out{Duration(us)};
  return overflows || !in_range(out) ? overflow(workspace, op) : Value{out};
}

// Timestamps and durations as their microseconds; which combinations are sums and differences is CEL's choice.
std::optional<Value> on_times(Op op, const Value& a, const Value& b, Workspace& workspace) {
  const Time *time_a = a.as<Time>(), *time_b = b.as<Time>();
  const Duration *duration_a = a.as<Duration>(), *duration_b = b.as<Duration>();
  if ((time_a == nullptr && duration_a == nullptr) || (time_b == nullptr && duration_b == nullptr)) return std::nullopt;
  const std::int64_t x = time_a != nullptr ? time_a->time_since_epoch().count() : duration_a->count();
  const std::int64_t y = time_b != nullptr ? time_b->time_since_epoch().count() : duration_b->count();
  std::int64_t out = 0;
  const bool overflows = op == Op::add ? __builtin_add_overflow(x, y, &out) : __builtin_sub_overflow(x, y, &out);
  if (op == Op::add && time_a != nullptr && time_b != nullptr) return std::nullopt;
  if (op == Op::subtract && time_a == nullptr && time_b != nullptr) return std::nullopt;
  const bool is_time = (time_a != nullptr) != (time_b != nullptr);
  return is_time ? bounded<Time>(out, overflows, op, workspace) : bounded<Duration>(out, overflows, op, workspace);
}

std::optional<Value> concatenate(const Value& a, const Value& b, Workspace& workspace) {
  if (const auto *x = a.as<std::string_view>(), *y = b.as<std::string_view>(); x != nullptr && y != nullptr) {
    if (!workspace.spend((x->size() + y->size()) / 64)) return workspace.over_budget();
    return workspace.text(std::string(*x).append(*y));
  }
  const auto *x = a.as<List>(), *y = b.as<List>();
  if (x == nullptr || y == nullptr) return std::nullopt;
  if (!workspace.spend(x->size() + y->size())) return workspace.over_budget();
  std::vector<Value> items;
  items.reserve(x->size() + y->size());
  for (std::size_t i = 0; i < x->size(); ++i) items.push_back(x->at(i));
  for (std::size_t i = 0; i < y->size(); ++i) items.push_back(y->at(i));
  return workspace.list(std::move(items));
}

std::optional<Value> arithmetic(Op op, const Value& a, const Value& b, Workspace& workspace) {
  if (const auto *x = a.as<std::int64_t>(), *y = b.as<std::int64_t>(); x != nullptr && y != nullptr)
    return on_integers(op, *x, *y, workspace);
  if (const auto *x = a.as<double>(), *y = b.as<double>(); x != nullptr && y != nullptr) return on_doubles(op, *x, *y);
  if (op != Op::add && op != Op::subtract) return std::nullopt;
  if (auto made = on_times(op, a, b, workspace)) return made;
  return op == Op::add ? concatenate(a, b, workspace) : std::nullopt;
}

std::optional<Value> ordered(Op op, const Value& a, const Value& b) {
  const Order order = compare(a, b);
  if (order == Order::unrelated) return std::nullopt;
  if (op == Op::less) return Value{order == Order::less};
  if (op == Op::less_equal) return Value{order == Order::less || order == Order::same};
  if (op == Op::greater) return Value{order == Order::greater};
  return Value{order == Order::greater || order == Order::same};
}

Value equality(Op op, const Value& a, const Value& b, Workspace& workspace) {
  const bool same = equal(a, b, workspace.steps_left());
  if (workspace.exhausted()) return workspace.over_budget();
  return {same == (op == Op::equal)};
}

std::optional<Value> member(const Value& a, const Value& b, Workspace& workspace) {
  if (const auto* map = b.as<Map>()) {
    Value found;
    if (!workspace.spend(1 + map->size() / 8)) return workspace.over_budget();
    return Value{map->find(a, found)};
  }
  const auto* list = b.as<List>();
  if (list == nullptr) return std::nullopt;
  bool found = false;
  for (std::size_t i = 0; i < list->size() && !found; ++i) found = equal(a, list->at(i), workspace.steps_left());
  if (workspace.exhausted()) return workspace.over_budget();
  return Value{found};
}

}  // namespace

std::optional<Value> apply(Op op, const Value& a, const Value& b, Workspace& workspace) {
  if (op == Op::equal || op == Op::not_equal) return equality(op, a, b, workspace);
  if (op == Op::in) return member(a, b, workspace);
  if (op == Op::less || op == Op::less_equal || op == Op::greater || op == Op::greater_equal) return ordered(op, a, b);
  return arithmetic(op, a, b, workspace);
}

std::string_view symbol(Op op) {
  constexpr std::array<std::pair<Op, std::string_view>, 23> kSymbols{
      {{Op::index, "[]"},       {Op::negate, "-"},         {Op::logical_not, "!"},
       {Op::logical_and, "&&"}, {Op::logical_or, "||"},    {Op::conditional, "?:"},
       {Op::add, "+"},          {Op::subtract, "-"},       {Op::multiply, "*"},
       {Op::divide, "/"},       {Op::remainder, "%"},      {Op::equal, "=="},
       {Op::not_equal, "!="},   {Op::less, "<"},           {Op::less_equal, "<="},
       {Op::greater, ">"},      {Op::greater_equal, ">="}, {Op::in, "in"},
       {Op::all, "all"},        {Op::exists, "exists"},    {Op::exists_one, "exists_one"},
       {Op::filter, "filter"},  {Op::transform, "map"}}};
  for (const auto& [candidate, text] : kSymbols)
    if (candidate == op) return text;
  return "";
}

}  // namespace watchword::policy::cel
