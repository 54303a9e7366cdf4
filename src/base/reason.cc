#include "base/reason.h"

#include <array>

namespace watchword {
namespace {

constexpr ReasonText kTexts[] = {
#define REASON(name, kind, meaning, fix) ReasonText{#name, meaning, fix, ReasonKind::kind},
#include "base/reason.def"
#undef REASON
};

constexpr Reason kAll[] = {
#define REASON(name, kind, meaning, fix) Reason::name,
#include "base/reason.def"
#undef REASON
};

}  // namespace

const ReasonText& describe(Reason reason) { return kTexts[static_cast<std::size_t>(reason)]; }
std::string_view name(Reason reason) { return describe(reason).name; }
std::span<const Reason> all_reasons() { return kAll; }

std::optional<Reason> reason_from_name(std::string_view wanted) {
  for (Reason reason : kAll)
    if (name(reason) == wanted) return reason;
  return std::nullopt;
}

}  // namespace watchword
