#include "context/witness.h"

#include <algorithm>

namespace watchword::context {

const Seen* Witness::seen(std::string_view name, const Json& arguments, Duration accept) const {
  const auto found = std::ranges::find_if(seen_, [&](const Seen& one) {
    const bool fresh = one.fact && !one.fact->past_limit;  // known, whatever age is accepted
    return one.name == name && one.arguments == arguments && (fresh || one.accept == accept);
  });
  return found == seen_.end() ? nullptr : &*found;
}

std::optional<Fact> Witness::find(const Scope& scope, std::string_view name, const Json& arguments) const {
  if (const Seen* before = seen(name, arguments, scope.accept)) return before->fact;  // one decision sees one world
  Scope whole = scope_;
  whole.accept = scope.accept;
  auto fact = facts_.find(whole, name, arguments);
  seen_.push_back({std::string(name), arguments, fact, scope.accept});
  return fact;
}

void Witness::answered(std::string_view name, const Json& arguments, const Fact& fact) const {
  if (seen(name, arguments, {}) == nullptr) seen_.push_back({std::string(name), arguments, fact});
}

std::string Seen::to_text() const {
  std::string text = name + "(";
  if (const auto* members = arguments.members())
    for (const auto& [key, value] : *members) {
      if (text.back() != '(') text += ", ";
      text += key + "=";
      text += value.string() ? *value.string() : value.dump();
    }
  return text + ")";
}

}  // namespace watchword::context
