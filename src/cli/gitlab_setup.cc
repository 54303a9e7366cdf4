// watchword gitlab setup: the webhook that an issuer's configuration asks for, made or mended.
#include "cli/gitlab_setup.h"

#include <algorithm>
#include <cstdlib>

#include "base/file.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/live.h"
#include "job/token_input.h"

namespace watchword::cli {
namespace {

using context::HookOwner;

Result<Secret> token_of(const GitlabSetupOptions& options, const LiveSource& source) {
  if (!options.token_file.empty()) return job::read_token(options.token_file);
  if (std::getenv(options.token_env.c_str()) != nullptr) return job::token_from_environment(options.token_env);
  if (!source.api_token.empty()) return resolve_secret(source.api_token);
  return fail(Reason::usage_invalid, "no API token",
              "--token-file, " + options.token_env + " or api_token of issuer " + source.issuer);
}

Result<HookOwner> owner_of(const GitlabSetupOptions& options) {
  if (options.project.empty() == options.group.empty())
    return fail(Reason::usage_invalid, options.project.empty() ? "no owner of the hook" : "two owners of the hook",
                "--project or --group");
  if (!options.project.empty()) return HookOwner{HookOwner::Kind::project, options.project};
  return HookOwner{HookOwner::Kind::group, options.group};
}

std::string settings_text(const context::WantedHook& wanted) {
  std::string text;
  for (const auto event : context::kHookEvents) text.append(event).append(", ");
  text += "enable_ssl_verification";
  if (!wanted.token.empty()) text += ", token";
  if (!wanted.signing_token.empty()) text += ", signing_token";
  return text;
}

class Setup {
 public:
  Setup(HookOwner owner, context::WantedHook wanted, std::string door, context::GitlabHooks& hooks,
        const GitlabSetupOptions& options, const Output& out)
      : owner_(std::move(owner)),
        wanted_(std::move(wanted)),
        door_(std::move(door)),
        hooks_(hooks),
        options_(options),
        out_(out) {}

  Result<int> run() {
    WW_TRY(auto existing, hooks_.list(owner_));
    plan_ = plan_hook(std::move(existing), wanted_, door_);
    const bool change = !plan_.hook || !plan_.drift.empty() || options_.set_secret;
    if (!out_.json()) show(change);
    if (change && options_.apply) {
      WW_TRY(auto hook, plan_.hook ? hooks_.repair(owner_, *plan_.hook, wanted_) : hooks_.create(owner_, wanted_));
      made_ = std::move(hook.id);
    }
    const bool left = !plan_.others.empty() || (change && !options_.apply);
    if (out_.json())
      show_json();
    else
      show_end(change);
    return left ? kDenied : kOk;
  }

 private:
  void show(bool change) const {
    const auto owner = printable(owner_.to_text());
    if (!plan_.hook) out_.line("create  hook of " + owner + " to " + wanted_.url + ": " + settings_text(wanted_));
    for (const auto& one : plan_.drift) out_.line("change  hook " + plan_.hook->id + ": " + printable(to_text(one)));
    if (plan_.hook && change) out_.line("set     the secret of hook " + plan_.hook->id);
    for (const auto& other : plan_.others)
      out_.line("twice   hook " + other.id + " of " + owner + " " + printable(twice_text(other, wanted_)) +
                ", so every event comes twice: delete it");
    if (!change && plan_.others.empty())
      out_.line("nothing to do: hook " + plan_.hook->id + " of " + owner +
                " fits (GitLab does not show its secret; --set-secret sets it again)");
  }

  void show_end(bool change) const {
    if (!made_.empty()) out_.line(out_.good("done") + "    hook " + made_);
    if (change && !options_.apply) out_.line("nothing was changed: --apply does it");
  }

  void show_json() const {
    auto json = Json::object({{"owner", owner_.to_text()},
                              {"url", wanted_.url},
                              {"create", !plan_.hook},
                              {"set_secret", !plan_.hook || !plan_.drift.empty() || options_.set_secret},
                              {"applied", !made_.empty()}});
    if (const auto& id = plan_.hook ? plan_.hook->id : made_; !id.empty()) json.set("hook", id);
    Json changes = Json::array(), twice = Json::array();
    for (const auto& one : plan_.drift)
      changes.push(Json::object({{"setting", one.setting}, {"found", one.found}, {"wanted", one.wanted}}));
    for (const auto& other : plan_.others) twice.push(other.id);
    out_.value(json.set("changes", std::move(changes)).set("twice", std::move(twice)));
  }

  const HookOwner owner_;
  const context::WantedHook wanted_;
  const std::string door_;
  context::GitlabHooks& hooks_;
  const GitlabSetupOptions& options_;
  const Output& out_;
  HookPlan plan_;
  std::string made_;  // the id of what was made or mended
};

Result<int> set_up(const GitlabSetupOptions& options, const Config& config, const Output& out) {
  WW_TRY(auto owner, owner_of(options));
  WW_TRY(const auto* source, hook_source_of(config, options.gitlab));
  WW_TRY(auto token, token_of(options, *source));
  http::CurlFetcher fetcher;
  context::GitlabHooks hooks(source->url, std::move(token), source->fetch, fetcher);
  WW_TRY(const auto scope, hooks.scope_of(owner));
  WW_TRY(auto wanted, wanted_hook_of(config, *source, scope));
  return Setup(std::move(owner), std::move(wanted), hooks_url(config, *source), hooks, options, out).run();
}

}  // namespace

Result<const LiveSource*> hook_source_of(const Config& config, const std::string& name) {
  std::vector<const LiveSource*> fitting;
  for (const auto& source : config.live_sources)
    if (!source.webhook_secrets.empty() && (name.empty() || source.issuer == name)) fitting.push_back(&source);
  if (fitting.size() == 1) return fitting.front();
  if (fitting.empty())
    return fail(Reason::config_invalid, "no issuer" + (name.empty() ? "" : " " + name) + " with webhook_secret",
                "profile: gitlab and webhook_secret");
  return fail(Reason::usage_invalid, "several issuers with webhook_secret", "--gitlab with the name of one");
}

std::string hooks_url(const Config& config, const LiveSource& source) { return config.url + "/hooks/" + source.issuer; }

Result<context::WantedHook> wanted_hook_of(const Config& config, const LiveSource& source,
                                           const context::HookScope& scope) {
  if (scope.kind == context::HookScope::Kind::group && source.api_token.empty())
    return fail(Reason::config_invalid, "the hook of a group, and no api_token of issuer " + source.issuer,
                "api_token: only GitLab can tell the gate which projects are the group's",
                "issuers." + source.issuer + ".api_token");
  WW_TRY(const auto master, webhook_secrets(source));
  const auto derived = context::derive(master, source.issuer, scope);
  return context::wanted_hook(hooks_url(config, source) + scope.to_path(), context::secret_texts(derived));
}

HookPlan plan_hook(std::vector<context::GitlabHook> hooks, const context::WantedHook& wanted, const std::string& door) {
  std::erase_if(hooks, [&](const context::GitlabHook& hook) {
    return hook.url != wanted.url && hook.url != door && !hook.url.starts_with(door + "/");
  });
  const auto right = std::ranges::find(hooks, wanted.url, &context::GitlabHook::url);
  if (right != hooks.end()) std::rotate(hooks.begin(), right, right + 1);
  HookPlan plan;
  for (auto& hook : hooks) {
    if (plan.hook)
      plan.others.push_back(std::move(hook));
    else
      plan.hook = std::move(hook);
  }
  if (plan.hook) plan.drift = drift(*plan.hook, wanted);
  return plan;
}

std::string twice_text(const context::GitlabHook& other, const context::WantedHook& wanted) {
  return other.url == wanted.url ? "has the same URL" : "goes to " + other.url;
}

std::string to_text(const context::HookDrift& drift) {
  return drift.setting + ": " + drift.found + ", wanted " + (drift.wanted.empty() ? "none" : drift.wanted);
}

int gitlab_setup(const GitlabSetupOptions& options, const Output& out) {
  auto config = load_config(options.config);
  if (!config) return out.errors(config.error());
  auto code = set_up(options, *config, out);
  return code ? *code : out.error(code.error());
}

}  // namespace watchword::cli
