// The form of: gitlab, doctor.
#include "cli/command_forms.h"
#include "job/commands.h"

namespace watchword::cli {
namespace {

void add_hook_secret(CommandTree& tree, CLI::App* gitlab) {
  auto& options = tree.keep<HookSecretOptions>();
  auto* command = tree.leaf(gitlab, "hook-secret", "print the secret of a webhook, to set it by hand",
                            "gitlab hook-secret --project 42 --config /etc/watchword/watchword.yaml",
                            [&options](const Output& out) { return gitlab_hook_secret(options, out); });
  command->add_option("--config", options.config, "watchword.yaml")->required()->envname("WATCHWORD_CONFIG");
  auto* project = command->add_option("--project", options.project, "id of the project whose hook it is");
  project->excludes(command->add_option("--group", options.group, "id of the group whose hook it is"));
  command->add_option("--gitlab", options.gitlab, "name of the issuer, where several have a webhook_secret");
  command->add_option("--kind", options.kind, "which, where there are both")
      ->check(CLI::IsMember({"token", "signing"}));
}

}  // namespace

void add_setup(CommandTree& tree) {
  auto* gitlab = tree.group("gitlab", "what GitLab must be told");
  auto& options = tree.keep<GitlabSetupOptions>();
  auto* command = tree.leaf(gitlab, "setup", "create or mend the webhook that tells the gate what happens to jobs",
                            "gitlab setup --project acme/billing --config /etc/watchword/watchword.yaml --apply",
                            [&options](const Output& out) { return gitlab_setup(options, out); });
  command->add_option("--config", options.config, "watchword.yaml")->required()->envname("WATCHWORD_CONFIG");
  auto* project = command->add_option("--project", options.project, "path or id");
  auto* owner = command->add_option("--group", options.group, "path or id: a hook for all of its projects (Premium)");
  project->excludes(owner);
  command->add_option("--gitlab", options.gitlab, "name of the issuer, where several have a webhook_secret");
  command->add_option("--token-file", options.token_file,
                      "API token with the right to change hooks; - for standard input; without it the issuer's");
  command->add_option("--token-env", options.token_env, "variable with that token")->capture_default_str();
  command->add_flag("--apply", options.apply, "do it; without it nothing is changed");
  command->add_flag("--set-secret", options.set_secret, "set the secret though nothing else differs");

  add_hook_secret(tree, gitlab);

  auto& checked = tree.keep<DoctorOptions>();
  command = tree.leaf(&tree.app(), "doctor", "check a gate and what it depends on: one line each, with the fix",
                      "doctor --config /etc/watchword/watchword.yaml",
                      [&checked](const Output& out) { return doctor(checked, out); });
  command->add_option("--config", checked.config, "watchword.yaml; without it, the way from a job to its gate")
      ->envname("WATCHWORD_CONFIG");
  job::add_doctor_options(command, checked.job);
  command->add_option("--project", checked.projects, "look at this project's hook; without it at those in use");
  command->add_option("--group", checked.groups, "look at this group's hook");
}

}  // namespace watchword::cli
