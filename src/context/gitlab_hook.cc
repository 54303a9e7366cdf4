#include "context/gitlab_hook.h"

#include <algorithm>

#include "context/gitlab_fields.h"
#include "context/webhook.h"

namespace watchword::context {
namespace {

constexpr std::string_view kSigningPrefix = "whsec_";
constexpr std::size_t kSigningKey = 32;  // bytes
constexpr std::string_view kAllBranches = "all_branches";

bool contains(const auto& names, std::string_view name) { return std::ranges::find(names, name) != names.end(); }

}  // namespace

Result<GitlabHook> parse_gitlab_hook(const Json& json) {
  WW_TRY(const auto fields, GitlabFields::of(json, ""));
  GitlabHook hook;
  WW_TRY(hook.id, fields.id("id"));
  WW_TRY(hook.url, fields.name("url"));
  for (const auto& [name, value] : *json.members())
    if (name.ends_with("_events") && value.boolean() != nullptr && *value.boolean()) hook.events.push_back(name);
  WW_TRY(const auto verified, fields.maybe_flag("enable_ssl_verification"));
  hook.ssl_verification = verified.value_or(false);
  WW_TRY(const auto strategy, fields.maybe_text("branch_filter_strategy"));
  WW_TRY(const auto filter, fields.maybe_text("push_events_branch_filter"));
  if (strategy != kAllBranches) hook.push_filter = filter;
  WW_TRY(const auto custom, fields.maybe_text("custom_webhook_template"));
  hook.custom_template = !custom.empty();
  WW_TRY(hook.token, fields.maybe_flag("token_present"));
  WW_TRY(hook.signing_token, fields.maybe_flag("signing_token_present"));
  WW_TRY(hook.alert_status, fields.maybe_text("alert_status"));
  WW_TRY(hook.disabled_until, fields.maybe_time("disabled_until"));
  return hook;
}

Result<WantedHook> wanted_hook(std::string url, const std::vector<Secret>& secrets) {
  WantedHook wanted{std::move(url), {}, {}};
  WebhookSecrets known;
  for (const Secret& secret : secrets) {
    WW_CHECK(add_secret(known, secret));
    Secret& place = secret.reveal().starts_with(kSigningPrefix) ? wanted.signing_token : wanted.token;
    if (place.empty()) place = secret.clone();
  }
  if (!known.signing.empty() && known.signing.front().reveal().size() != kSigningKey)
    return fail(Reason::config_invalid,
                "a signing key of " + std::to_string(known.signing.front().reveal().size()) + " bytes",
                "one of 32 bytes, as GitLab demands");
  if (secrets.empty()) return fail(Reason::config_invalid, "no webhook_secret", "the secret of the webhook");
  return wanted;
}

std::vector<HookDrift> drift(const GitlabHook& hook, const WantedHook& wanted) {
  std::vector<HookDrift> all;
  if (hook.url != wanted.url) all.push_back({"url", hook.url, wanted.url});
  for (const auto event : kHookEvents)
    if (!contains(hook.events, event)) all.push_back({std::string(event), "false", "true"});
  for (const auto& event : hook.events)
    if (!contains(kHookEvents, event)) all.push_back({event, "true", "false"});
  if (!hook.ssl_verification) all.push_back({"enable_ssl_verification", "false", "true"});
  if (!hook.push_filter.empty()) all.push_back({"push_events_branch_filter", hook.push_filter, ""});
  if (hook.custom_template) all.push_back({"custom_webhook_template", "a template", "none"});
  if (hook.token == false && !wanted.token.empty()) all.push_back({"token", "none", "webhook_secret"});
  // A signature that the gate has no key for is refused. A token beside a signature does no harm.
  if (hook.signing_token && *hook.signing_token == wanted.signing_token.empty())
    all.push_back({"signing_token", *hook.signing_token ? "one that is not configured" : "none",
                   wanted.signing_token.empty() ? "none" : "webhook_secret"});
  if (hook.disabled())
    all.push_back({"alert_status",
                   hook.alert_status + (hook.disabled_until ? " until " + to_rfc3339(*hook.disabled_until) : ""),
                   "executable"});
  return all;
}

Json hook_settings(const WantedHook& wanted, const GitlabHook* was) {
  auto settings = Json::object({{"url", wanted.url}, {"enable_ssl_verification", true}});
  if (was != nullptr)
    for (const auto& event : was->events) settings.set(event, false);
  for (const auto event : kHookEvents) settings.set(event, true);
  if (was != nullptr && !was->push_filter.empty())
    settings.set("push_events_branch_filter", "").set("branch_filter_strategy", kAllBranches);
  if (was != nullptr && was->custom_template) settings.set("custom_webhook_template", "");
  if (!wanted.token.empty()) settings.set("token", wanted.token.reveal());
  if (!wanted.signing_token.empty())
    settings.set("signing_token", wanted.signing_token.reveal());
  else if (was != nullptr && was->signing_token == true)
    settings.set("signing_token", "");
  return settings;
}

}  // namespace watchword::context
