// watchword gitlab hook-secret: what `gitlab setup` sets, for those who set it by hand.
#include "cli/commands.h"
#include "cli/gitlab_setup.h"

namespace watchword::cli {
namespace {

using context::HookScope;

Result<HookScope> scope_of(const HookSecretOptions& options) {
  if (options.project.empty() == options.group.empty())
    return fail(Reason::usage_invalid, options.project.empty() ? "no owner of the hook" : "two owners of the hook",
                "--project or --group");
  HookScope scope{options.project.empty() ? HookScope::Kind::group : HookScope::Kind::project,
                  options.project.empty() ? options.group : options.project};
  if (context::is_gitlab_id(scope.id)) return scope;
  return fail(Reason::usage_invalid, "'" + scope.id + "'", "its id, a number: GitLab shows it in the general settings");
}

Result<const Secret*> secret_of(const context::WantedHook& hook, const std::string& kind) {
  if (kind.empty() && !hook.token.empty() && !hook.signing_token.empty())
    return fail(Reason::usage_invalid, "a secret of either kind", "--kind token or --kind signing");
  const bool token = kind.empty() ? !hook.token.empty() : kind == "token";
  const Secret& secret = token ? hook.token : hook.signing_token;
  if (!secret.empty()) return &secret;
  return fail(Reason::config_invalid, "no webhook_secret of kind " + kind,
              token ? "one that does not begin with whsec_" : "whsec_...");
}

Status print(const HookSecretOptions& options, const Config& config, const Output& out) {
  WW_TRY(const auto scope, scope_of(options));
  WW_TRY(const auto* source, hook_source_of(config, options.gitlab));
  WW_TRY(const auto hook, wanted_hook_of(config, *source, scope));
  WW_TRY(const auto* secret, secret_of(hook, options.kind));
  if (out.json())
    out.value(Json::object({{"url", hook.url}, {"secret", secret->reveal()}}));
  else
    out.line(secret->reveal());
  return {};
}

}  // namespace

int gitlab_hook_secret(const HookSecretOptions& options, const Output& out) {
  const auto config = load_config(options.config);
  if (!config) return out.errors(config.error());
  const auto printed = print(options, *config, out);
  return printed ? kOk : out.error(printed.error());
}

}  // namespace watchword::cli
