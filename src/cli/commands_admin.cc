// The form of: sessions, freeze, freezes, keys.
#include "cli/command_forms.h"

namespace watchword::cli {
namespace {

void add_session_filters(CLI::App* command, SessionFilter& filter) {
  command->add_option("--issuer", filter.issuer, "only of this issuer");
  command->add_option("--project", filter.project, "only of this project");
  command->add_option("--pipeline", filter.pipeline, "only of this pipeline");
  command->add_option("--job", filter.job, "only of this job");
  command->add_option("--user", filter.user, "only started by this person");
  command->add_option("--environment", filter.environment, "only of this environment");
}

}  // namespace

AdminOptions& admin_of(CommandTree& tree, CLI::App* command) {
  auto& admin = tree.keep<AdminOptions>();
  auto* socket =
      command->add_option("--admin", admin.admin, "admin address, unix:/run/watchword/admin.sock ($WATCHWORD_ADMIN)");
  auto* config =
      command->add_option("--config", admin.config, "watchword.yaml, whose admin address is taken ($WATCHWORD_CONFIG)");
  socket->excludes(config);
  return admin;
}

void add_sessions(CommandTree& tree) {
  auto* sessions = tree.group("sessions", "list, show and end sessions of a running gate");
  auto& admin = admin_of(tree, sessions);
  auto& filter = tree.keep<SessionFilter>();
  auto* command = tree.leaf(sessions, "list", "list sessions",
                            "sessions list --project acme/billing --admin unix:/run/watchword/admin.sock",
                            [&](const Output& out) { return sessions_list(admin, filter, out); });
  add_session_filters(command, filter);
  command->add_flag("--all", filter.all, "ended ones too");
  command->add_option("--limit", filter.limit, "at most this many")->capture_default_str();
  command->add_option("--before", filter.before, "go on after this session id, which the last page named");

  auto& id = tree.keep<std::string>();
  command = tree.leaf(sessions, "show", "show one session", "sessions show 01JDK3...",
                      [&](const Output& out) { return sessions_show(admin, id, out); });
  command->add_option("id", id, "session id")->required();

  auto& ids = tree.keep<std::vector<std::string>>();
  auto& why = tree.keep<std::string>();
  auto& ending = tree.keep<SessionFilter>();
  command = tree.leaf(sessions, "end", "end sessions at once: these, or all that match",
                      "sessions end --project acme/billing --why 'runner compromised'", [&](const Output& out) {
                        return ids.empty() ? sessions_end_matching(admin, ending, why, out)
                                           : sessions_end(admin, ids, why, out);
                      });
  auto* named = command->add_option("id", ids, "session ids");
  auto* by = command->add_option_group("which", "or by what they are, all given filters together");
  add_session_filters(by, ending);
  by->add_flag("--all", ending.all, "every session of the gate");
  by->excludes(named);
  command->add_option("--why", why, "for the record")->required();
}

void add_freeze(CommandTree& tree) {
  auto& options = tree.keep<FreezeOptions>();
  auto* command =
      tree.app().add_subcommand("freeze", "let an environment rest: context.frozen(environment) holds until then");
  auto& admin = admin_of(tree, command);
  command->footer("Example:\n  watchword freeze production --until 2026-12-24T18:00:00Z --why 'incident 4711'");
  tree.runs(command, [&](const Output& out) { return freeze(admin, options, out); });
  command->add_option("environment", options.environment, "as the jobs name it")->required();
  auto* until = command->add_option("--until", options.until, "the end (RFC 3339)");
  auto* lift = command->add_flag("--lift", options.lift, "end a freeze now");
  lift->excludes(until);
  command->add_option("--why", options.why, "for the record")->required();
  auto* issuer = command->add_option("--issuer", options.issuer, "only for jobs of this issuer's --project");
  auto* project = command->add_option("--project", options.project, "only for this project; without it everywhere");
  issuer->needs(project);
  project->needs(issuer);

  auto* list = tree.app().add_subcommand("freezes", "list the freezes in force");
  auto& list_admin = admin_of(tree, list);
  list->footer("Example:\n  watchword freezes");
  tree.runs(list, [&](const Output& out) { return freezes(list_admin, out); });
}

void add_keys(CommandTree& tree) {
  auto* keys = tree.group("keys", "the keys that sign access tokens");
  auto& admin = admin_of(tree, keys);
  tree.leaf(keys, "list", "list the keys", "keys list", [&](const Output& out) { return keys_list(admin, out); });
  auto& why = tree.keep<std::string>();
  auto* command = tree.leaf(keys, "rotate", "sign with the next key from now on", "keys rotate --why 'quarterly'",
                            [&](const Output& out) { return keys_rotate(admin, why, out); });
  command->add_option("--why", why, "for the record")->required();
  auto& kid = tree.keep<std::string>();
  auto& reason = tree.keep<std::string>();
  command = tree.leaf(keys, "retire", "withdraw a key that no longer signs; its tokens stop working",
                      "keys retire KID --why 'leaked'",
                      [&](const Output& out) { return keys_retire(admin, kid, reason, out); });
  command->add_option("kid", kid, "key id")->required();
  command->add_option("--why", reason, "for the record")->required();
}

}  // namespace watchword::cli
