#include "context/fact_rules_mr.h"

#include <algorithm>
#include <array>
#include <tuple>
#include <utility>

namespace watchword::context {
namespace {

bool merged(const Json& value) { return value.string_or("state", "") == "merged"; }

bool same_source(const Json& a, const Json& b) { return a.string_or("sha", "") == b.string_or("sha", ""); }

// `later` with what only `earlier` says, but for the approval.
Next with_fields(Next later, const Next& earlier) {
  for (const std::string_view key : {"target_branch", "source_branch", "sha", "merge_commit_sha", "squash_commit_sha"})
    if (const Json* said = earlier.value.find(key); said != nullptr && later.value.find(key) == nullptr)
      later.value.set(key, *said);
  return later;
}

Next filled(Next later, const Next& earlier) {
  later = with_fields(std::move(later), earlier);
  const Json* approved = earlier.value.find("approved");
  if (approved != nullptr && later.value.find("approved") == nullptr && same_source(later.value, earlier.value)) {
    later.value.set("approved", *approved);
    later.noted = earlier.noted;
  }
  return later;
}

bool stricter(const Json& a, const Json& b) {
  const auto order = [](const Json& value) {
    static constexpr std::array<std::string_view, 3> kStates{"opened", "locked", "closed"};
    const auto state = std::ranges::find(kStates, value.string_or("state", ""));
    return std::tuple(state - kStates.begin(), is_true(value, "draft"), without(value, "approved").dump());
  };
  return order(a) > order(b);
}

// An event of the same moment. Two heads: nobody knows which of them was approved, and what is said of that moment
// again does not change it.
Next at_once(const Next& was, const Next& is) {
  const Next fields = with_fields(is, was);
  Next next{without(stricter(fields.value, was.value) ? fields.value : was.value, "approved"), was.at, was.noted};
  const Json *before = was.value.find("approved"), *said = is.value.find("approved");
  if (!same_source(fields.value, was.value)) {
    next.noted = is.at;
  } else if (said != nullptr &&
             (is.at > was.noted || (is.at == was.noted && before != nullptr && !is_true(is.value, "approved")))) {
    next.value.set("approved", *said);
    next.noted = is.at;
  } else if (before != nullptr) {
    next.value.set("approved", *before);
  }
  return next;
}

// An event from before, which may still show that the approval is over.
std::optional<Next> late(const Next& was, const Next& is) {
  if (is_true(was.value, "approved") && is.at > was.noted) {
    Next next{without(was.value, "approved"), was.at, is.at};
    if (!same_source(was.value, filled(is, was).value)) return next;
    if (is.value.find("approved") != nullptr && !is_true(is.value, "approved")) {
      next.value.set("approved", false);
      return next;
    }
  }
  if (filled(is, was).value == was.value) return was;
  return std::nullopt;
}

}  // namespace

std::optional<Next> supersede_mr(const Known& known, const Said& said) {
  const Next was{known.value, known.at, known.noted}, is{said.value, said.at, said.noted};
  if (merged(was.value) && !merged(is.value)) return std::nullopt;
  if (merged(is.value) && !merged(was.value)) return filled(is, was);
  if (said.prevails || is.at > was.at) return filled(is, was);
  if (merged(was.value)) return with_fields(was, is);
  if (is.at < was.at) return late(was, is);
  return said.api ? filled(is, was) : at_once(was, is);
}

}  // namespace watchword::context
