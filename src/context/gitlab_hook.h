// A GitLab webhook as the API shows it, and how it differs from the one that Watchword needs (doc/api/
// {project,group}_webhooks.md). Sans-I/O.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"
#include "base/secret.h"

namespace watchword::context {

// The events that parse_gitlab_event() reads.
inline constexpr std::array<std::string_view, 5> kHookEvents{"deployment_events", "job_events", "merge_requests_events",
                                                             "pipeline_events", "push_events"};

struct GitlabHook {
  std::string id, url;
  std::vector<std::string> events;  // the ..._events that it sends, sorted
  bool ssl_verification = false;
  std::string push_filter;       // pushes to other branches are not sent; empty: to all
  bool custom_template = false;  // its bodies are not GitLab's own
  // Whether a secret is set; which, GitLab never shows. None: the instance does not say either (before 19.0).
  std::optional<bool> token, signing_token;
  std::string alert_status;            // "executable", "temporarily_disabled", "disabled"
  std::optional<Time> disabled_until;  // of a temporary one
  bool disabled() const { return !alert_status.empty() && alert_status != "executable"; }
};
// event_malformed, with the member's path.
Result<GitlabHook> parse_gitlab_hook(const Json& hook);

struct WantedHook {
  std::string url;
  Secret token, signing_token;  // at least one; empty: none of this kind
};
// The first secret of each kind ("whsec_..." or another), so that a hook that has both satisfies either check.
// config_invalid for what the gate would refuse, and for a signing key that is not of 32 bytes, which GitLab demands.
Result<WantedHook> wanted_hook(std::string url, const std::vector<Secret>& secrets);

// One setting that is not as it should be. Never holds a secret.
struct HookDrift {
  std::string setting, found, wanted;
};
std::vector<HookDrift> drift(const GitlabHook& hook, const WantedHook& wanted);

// What to send, to make the hook or to mend `was`; holds the secrets.
Json hook_settings(const WantedHook& wanted, const GitlabHook* was);

}  // namespace watchword::context
