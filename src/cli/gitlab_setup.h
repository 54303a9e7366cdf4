// What `gitlab setup` does and `doctor` looks at: the webhook that an issuer's configuration asks for.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/config.h"
#include "context/gitlab_hooks.h"

namespace watchword::cli {

// The issuer of this name, or the only one with webhook_secret. config_invalid, usage_invalid.
Result<const LiveSource*> hook_source_of(const Config& config, const std::string& name);

// Where the issuer's hooks go: <url>/hooks/<issuer>. Its own is there, those of projects and groups are below.
std::string hooks_url(const Config& config, const LiveSource& source);

// The hook of a project or group, with the secrets that are derived for it from the issuer's. config_invalid: also for
// a group's where the gate could not ask which projects are the group's.
Result<context::WantedHook> wanted_hook_of(const Config& config, const LiveSource& source,
                                           const context::HookScope& scope);

struct HookPlan {
  std::optional<context::GitlabHook> hook;  // none: to be made
  std::vector<context::HookDrift> drift;
  std::vector<context::GitlabHook> others;  // further hooks to the same gate: every event would come twice
  bool fits() const { return hook && drift.empty() && others.empty(); }
};
// `door`: hooks_url(). Hooks to another path there are the issuer's hooks too, such as one with the secret of the whole
// issuer: where none has the right URL, the first of them is to be mended.
HookPlan plan_hook(std::vector<context::GitlabHook> hooks, const context::WantedHook& wanted, const std::string& door);
// "has the same URL", "goes to https://gate.example.com/hooks/gitlab".
std::string twice_text(const context::GitlabHook& other, const context::WantedHook& wanted);
std::string to_text(const context::HookDrift& drift);  // "push_events: false, wanted true"

}  // namespace watchword::cli
