// Claims by path: project_path, user_identities[0].extern_uid, claims["https://acme.example/roles"].
//
// A text without brackets is a plain name. It is taken literally as one top-level claim first, so that names with dots,
// colons and slashes work unquoted; only when there is no such claim do its dots lead into objects:
//   https://acme.example/roles   the claim of that name
//   realm_access.roles           the claim of that name, or else "roles" in the object "realm_access"
// With brackets, each step is written out:
//   path  = word { "." word | "[" index "]" | "[" quoted "]" }
//   word  = one or more of A-Z a-z 0-9 _ - $ @ :
//   index = 0, or a decimal number without a leading zero, below 10000
//   quoted = a JSON string in "...", or any text without ' and control characters in '...'
// The word `claims` at the start of more than itself is the whole claim set; a claim of that name is claims["claims"].
// At most 512 bytes and 16 steps.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "issuer/claims.h"

namespace watchword::issuer {

class ClaimPath {
 public:
  static Result<ClaimPath> parse(std::string_view text);  // config_invalid
  const Json* find(const Json& claims) const;             // null when absent
  std::optional<ClaimView> find(ClaimView claims) const;  // the same
  const std::string& text() const { return text_; }

 private:
  using Step = std::variant<std::string, std::size_t>;  // member of an object, item of an array
  friend class ClaimPathParser;
  template <class At>
  At walk(At claims) const;
  std::string text_;
  std::vector<Step> steps_;
  bool plain_ = false;
};

}  // namespace watchword::issuer
