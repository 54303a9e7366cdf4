// The table of binary operators.
#include "policy/cel/operator_types.h"

#include <algorithm>
#include <array>

namespace watchword::policy::cel {
namespace {

struct Row {
  Op op;
  Kind a, b, result;
};

constexpr Kind kInt = Kind::integer, kDouble = Kind::number, kTime = Kind::timestamp, kDuration = Kind::duration;
constexpr std::array<Row, 16> kArithmetic{{{Op::add, kInt, kInt, kInt},
                                           {Op::add, kDouble, kDouble, kDouble},
                                           {Op::add, Kind::string, Kind::string, Kind::string},
                                           {Op::add, Kind::list, Kind::list, Kind::list},
                                           {Op::add, kTime, kDuration, kTime},
                                           {Op::add, kDuration, kTime, kTime},
                                           {Op::add, kDuration, kDuration, kDuration},
                                           {Op::subtract, kInt, kInt, kInt},
                                           {Op::subtract, kDouble, kDouble, kDouble},
                                           {Op::subtract, kTime, kTime, kDuration},
                                           {Op::subtract, kTime, kDuration, kTime},
                                           {Op::subtract, kDuration, kDuration, kDuration},
                                           {Op::multiply, kInt, kInt, kInt},
                                           {Op::multiply, kDouble, kDouble, kDouble},
                                           {Op::divide, kInt, kInt, kInt},
                                           {Op::divide, kDouble, kDouble, kDouble}}};
constexpr std::array<Kind, 6> kOrdered{Kind::boolean, kInt, kDouble, Kind::string, kTime, kDuration};

bool compatible_elements(const Type& a, const Type& b) {
  const bool containers = a.kind == b.kind && (a.kind == Kind::list || a.kind == Kind::map);
  return compatible(a.kind, b.kind) && (!containers || compatible(a.element, b.element));
}

bool ordered(Kind kind) { return kind == Kind::dyn || std::ranges::find(kOrdered, kind) != kOrdered.end(); }

std::optional<Type> arithmetic(Op op, const Type& a, const Type& b) {
  if (op == Op::remainder)
    return compatible(a.kind, kInt) && compatible(b.kind, kInt) ? std::optional(Type{kInt, Kind::dyn, {}})
                                                                : std::nullopt;
  std::optional<Type> out;
  for (const Row& row : kArithmetic) {
    if (row.op != op || !compatible(row.a, a.kind) || !compatible(row.b, b.kind)) continue;
    out = out && out->kind != row.result ? Type{} : Type{row.result, Kind::dyn, {}};
    if (out->kind == Kind::dyn) break;
  }
  if (out && out->kind == Kind::list && a.element == b.element) out->element = a.element;
  return out;
}

}  // namespace

std::optional<Type> type_of(Op op, const Type& a, const Type& b) {
  const Type yes_or_no{Kind::boolean, Kind::dyn, {}};
  if (op == Op::equal || op == Op::not_equal)
    return compatible_elements(a, b) ? std::optional(yes_or_no) : std::nullopt;
  if (op == Op::less || op == Op::less_equal || op == Op::greater || op == Op::greater_equal)
    return compatible(a.kind, b.kind) && ordered(a.kind) && ordered(b.kind) ? std::optional(yes_or_no) : std::nullopt;
  if (op != Op::in) return arithmetic(op, a, b);
  const bool fits =
      b.kind == Kind::dyn || b.kind == Kind::map || (b.kind == Kind::list && compatible(a.kind, b.element));
  return fits ? std::optional(yes_or_no) : std::nullopt;
}

std::string_view expected_of(Op op) {
  if (op == Op::in) return "an item in a list of such items, or a key in a map";
  if (op == Op::equal || op == Op::not_equal) return "two values of the same type";
  if (op == Op::remainder) return "two ints";
  if (op == Op::multiply || op == Op::divide) return "two ints or two doubles";
  if (op == Op::add) return "two ints, doubles, strings, lists or durations, or a timestamp and a duration";
  if (op == Op::subtract) return "two ints, doubles, timestamps or durations, or a timestamp and a duration";
  return "two values of the same type with an order (bool, int, double, string, timestamp, duration)";
}

}  // namespace watchword::policy::cel
