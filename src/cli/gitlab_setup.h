// What `gitlab setup` does and `doctor` looks at: the webhook that an issuer's configuration asks for.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/config.h"
#include "context/gitlab_hooks.h"

namespace watchword::cli {

// <url>/hooks/<issuer>, with the secrets behind the source's references.
Result<context::WantedHook> wanted_hook_of(const Config& config, const LiveSource& source);

struct HookPlan {
  std::optional<context::GitlabHook> hook;  // none: to be made
  std::vector<context::HookDrift> drift;
  std::vector<std::string> others;  // ids of further hooks to the same URL: every event would come twice
  bool fits() const { return hook && drift.empty() && others.empty(); }
};
HookPlan plan_hook(std::vector<context::GitlabHook> hooks, const context::WantedHook& wanted);
std::string to_text(const context::HookDrift& drift);  // "push_events: false, wanted true"

}  // namespace watchword::cli
