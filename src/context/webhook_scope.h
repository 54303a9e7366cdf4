// What a webhook may speak for, and the secret that goes with it: whoever knows the secret of one project's hook can
// speak for that project only. Sans-I/O.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/secret.h"
#include "context/webhook.h"

namespace watchword::context {

struct HookScope {
  enum class Kind : std::uint8_t { issuer, project, group };
  Kind kind = Kind::issuer;
  std::string id = {};  // GitLab's, which survives renaming: decimal digits without leading zeros; of an issuer empty

  // The path after /hooks/ISSUER: "", "/projects/42" or "/groups/7". No other spelling is taken, so that each scope has
  // one path.
  static std::optional<HookScope> from_path(std::string_view path);
  std::string to_path() const;
  std::string to_text() const;  // "issuer", "project 42", "group 7"
  bool operator==(const HookScope&) const = default;
};
// 1 to 9223372036854775807, in one spelling.
bool is_gitlab_id(std::string_view text);

// The secrets of a scope's hooks. Of the issuer: those that it has (`master`). Of a project or group: for each of these
// one of the same kind, in their order, HMAC-SHA-256 under it of "watchword-hook-v1\n" KIND "\n" SCOPE "\n" ID "\n"
// ISSUER, where KIND is token or signing, SCOPE projects or groups. A signing key is these 32 bytes, a token their hex
// digits. Who learns one can neither compute the master nor another one, as long as the master cannot be guessed.
WebhookSecrets derive(const WebhookSecrets& master, std::string_view issuer, const HookScope& scope);

// As add_secret() reads them.
std::vector<Secret> secret_texts(const WebhookSecrets& secrets);

}  // namespace watchword::context
