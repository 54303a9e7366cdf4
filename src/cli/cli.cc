// The command line's form: which subcommand takes what. The only file that knows CLI11.
#include "cli/cli.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <functional>
#include <memory>
#include <span>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/completion.h"
#include "cli/version.h"

namespace watchword::cli {
namespace {

using Run = std::function<int(const Output&)>;

// Builds the tree of subcommands; the one that was chosen leaves its action in `run`.
class Tree {
 public:
  explicit Tree(CLI::App& app) : app_(app) {
    app_.require_subcommand(1);
    app_.fallthrough();
    app_.add_flag("--json", json_, "machine-readable output");
    add_gate();
    add_token();
    add_tunnel();
    add_sessions();
    add_freeze();
    add_keys();
    add_audit();
    add_policy();
    add_setup();
    add_envoy();
    add_small();
  }

  int run() const { return run_(Output(json_)); }

 private:
  CLI::App* leaf(CLI::App* parent, const std::string& name, const std::string& help, const std::string& example,
                 Run action) {
    auto* command = parent->add_subcommand(name, help);
    command->footer("Example:\n  watchword " + example);
    command->callback([this, action = std::move(action)] { run_ = action; });
    return command;
  }
  CLI::App* group(const std::string& name, const std::string& help) {
    auto* command = app_.add_subcommand(name, help);
    command->require_subcommand(1);
    return command;
  }
  static void add_access(CLI::App* command, ExchangeOptions& access) {
    command->add_option("--gate", access.gate, "URL of the gate")->required()->envname("WATCHWORD_URL");
    command->add_option("--ca", access.ca, "private CA of the gate (PEM)");
    command->add_option("--token-file", access.token_file, "ID token; - for standard input");
    command->add_option("--token-env", access.token_env, "variable with the ID token")->capture_default_str();
    command->add_option("--job-token-env", access.job_token_env,
                        "variable with the job's token (CI_JOB_TOKEN), for the gate to ask GitLab about the job");
  }
  template <class T>
  T& keep() {
    auto options = std::make_shared<T>();
    kept_.push_back(options);
    return *options;
  }

  void add_gate() {
    auto& options = keep<ServeOptions>();
    auto* command = leaf(&app_, "serve", "run the gate", "serve --config /etc/watchword/watchword.yaml",
                         [&options](const Output& out) { return serve(options, out); });
    command->add_option("--config", options.config, "watchword.yaml")->required();
    auto& trial = keep<DevOptions>();
    command = leaf(&app_, "dev", "run everything on loopback, with an issuer and a backend of its own", "dev",
                   [&trial](const Output& out) { return dev(trial, out); });
    command->add_option("--state", trial.state, "folder to keep; without it a temporary one");
    command->add_option("--port", trial.port, "first of four ports")->capture_default_str();
    command->add_option("--policy", trial.policy, "policy folder; without it an example");
  }

  void add_token() {
    auto* token = group("token", "exchange, verify and look into tokens");
    auto& exchange = keep<ExchangeOptions>();
    auto* command = leaf(token, "exchange", "exchange a job's ID token for an access token",
                         "token exchange --gate https://gate.example.com --scope billing-api/read",
                         [&exchange](const Output& out) { return token_exchange(exchange, out); });
    add_access(command, exchange);
    command->add_option("--audience", exchange.audiences, "resource to narrow the token to");
    command->add_option("--scope", exchange.scope, "permissions to narrow the token to: billing-api/read ...");
    command->add_flag("--token-only", exchange.token_only, "print nothing but the access token");

    auto& verify = keep<VerifyOptions>();
    command = leaf(token, "verify", "say check by check what holds of a token",
                   "token verify token.jwt --jwks keys.json --issuer https://gitlab.example.com --audience "
                   "https://gate.example.com",
                   [&verify](const Output& out) { return token_verify(verify, out); });
    command->add_option("token", verify.token_file, "file; - for standard input")->required();
    command->add_option("--jwks", verify.jwks, "key set file; without it the issuer is asked");
    command->add_option("--issuer", verify.issuer, "expected iss")->required();
    command->add_option("--audience", verify.audiences, "accepted aud")->required();
    command->add_option("--algorithm", verify.algorithms, "accepted alg")
        ->default_val(std::vector<std::string>{"RS256", "ES256", "EdDSA"});
    command->add_option("--type", verify.types, "accepted typ, such as at+jwt; without it JWT or none");
    command->add_option("--at", verify.at, "time instead of now (RFC 3339)");
    command->add_option("--ca", verify.ca, "private CA of the issuer (PEM)");

    auto& file = keep<std::string>();
    command = leaf(token, "inspect", "show a token's header and claims, unverified", "token inspect token.jwt",
                   [&file](const Output& out) { return token_inspect(file, out); });
    command->add_option("token", file, "file; - for standard input")->required();
  }

  AdminOptions& admin_of(CLI::App* command) {
    auto& admin = keep<AdminOptions>();
    auto* socket =
        command->add_option("--admin", admin.admin, "admin address, unix:/run/watchword/admin.sock ($WATCHWORD_ADMIN)");
    auto* config = command->add_option("--config", admin.config,
                                       "watchword.yaml, whose admin address is taken ($WATCHWORD_CONFIG)");
    socket->excludes(config);
    return admin;
  }

  static void add_session_filters(CLI::App* command, SessionFilter& filter) {
    command->add_option("--issuer", filter.issuer, "only of this issuer");
    command->add_option("--project", filter.project, "only of this project");
    command->add_option("--pipeline", filter.pipeline, "only of this pipeline");
    command->add_option("--job", filter.job, "only of this job");
    command->add_option("--user", filter.user, "only started by this person");
    command->add_option("--environment", filter.environment, "only of this environment");
  }

  void add_tunnel() {
    auto& options = keep<TunnelOptions>();
    auto* command = leaf(&app_, "tunnel", "a local port that leads through the gate to a TCP resource",
                         "tunnel ledger-db --listen 127.0.0.1:5432 --gateway https://gate.example.com:8444",
                         [&options](const Output& out) { return tunnel(options, out); });
    command->add_option("resource", options.resource, "NAME, or NAME:PORT where the port is not that of --listen")
        ->required();
    command->add_option("--listen", options.listen, "host:port or unix:/path, on loopback")->required();
    command->add_option("--gateway", options.gateway, "URL of the gate's gateway")
        ->required()
        ->envname("WATCHWORD_GATEWAY_URL");
    add_access(command, options.access);
  }

  void add_sessions() {
    auto* sessions = group("sessions", "list, show and end sessions of a running gate");
    auto& admin = admin_of(sessions);
    auto& filter = keep<SessionFilter>();
    auto* command = leaf(sessions, "list", "list sessions",
                         "sessions list --project acme/billing --admin unix:/run/watchword/admin.sock",
                         [&](const Output& out) { return sessions_list(admin, filter, out); });
    add_session_filters(command, filter);
    command->add_flag("--all", filter.all, "ended ones too");
    command->add_option("--limit", filter.limit, "at most this many")->capture_default_str();
    command->add_option("--before", filter.before, "go on after this session id, which the last page named");

    auto& id = keep<std::string>();
    command = leaf(sessions, "show", "show one session", "sessions show 01JDK3...",
                   [&](const Output& out) { return sessions_show(admin, id, out); });
    command->add_option("id", id, "session id")->required();

    auto& ids = keep<std::vector<std::string>>();
    auto& why = keep<std::string>();
    auto& ending = keep<SessionFilter>();
    command =
        leaf(sessions, "end", "end sessions at once: these, or all that match",
             "sessions end --project acme/billing --why 'runner compromised'", [&](const Output& out) {
               return ids.empty() ? sessions_end_matching(admin, ending, why, out) : sessions_end(admin, ids, why, out);
             });
    auto* named = command->add_option("id", ids, "session ids");
    auto* by = command->add_option_group("which", "or by what they are, all given filters together");
    add_session_filters(by, ending);
    by->add_flag("--all", ending.all, "every session of the gate");
    by->excludes(named);
    command->add_option("--why", why, "for the record")->required();
  }

  void add_freeze() {
    auto& options = keep<FreezeOptions>();
    auto* command =
        app_.add_subcommand("freeze", "let an environment rest: context.frozen(environment) holds until then");
    auto& admin = admin_of(command);
    command->footer("Example:\n  watchword freeze production --until 2026-12-24T18:00:00Z --why 'incident 4711'");
    command->callback(
        [this, &admin, &options] { run_ = [&](const Output& out) { return freeze(admin, options, out); }; });
    command->add_option("environment", options.environment, "as the jobs name it")->required();
    auto* until = command->add_option("--until", options.until, "the end (RFC 3339)");
    auto* lift = command->add_flag("--lift", options.lift, "end a freeze now");
    lift->excludes(until);
    command->add_option("--why", options.why, "for the record")->required();
    auto* issuer = command->add_option("--issuer", options.issuer, "only for jobs of this issuer's --project");
    auto* project = command->add_option("--project", options.project, "only for this project; without it everywhere");
    issuer->needs(project);
    project->needs(issuer);

    auto* list = app_.add_subcommand("freezes", "list the freezes in force");
    auto& list_admin = admin_of(list);
    list->footer("Example:\n  watchword freezes");
    list->callback([this, &list_admin] { run_ = [&](const Output& out) { return freezes(list_admin, out); }; });
  }

  void add_keys() {
    auto* keys = group("keys", "the keys that sign access tokens");
    auto& admin = admin_of(keys);
    leaf(keys, "list", "list the keys", "keys list", [&](const Output& out) { return keys_list(admin, out); });
    auto& why = keep<std::string>();
    auto* command = leaf(keys, "rotate", "sign with the next key from now on", "keys rotate --why 'quarterly'",
                         [&](const Output& out) { return keys_rotate(admin, why, out); });
    command->add_option("--why", why, "for the record")->required();
    auto& kid = keep<std::string>();
    auto& reason = keep<std::string>();
    command =
        leaf(keys, "retire", "withdraw a key that no longer signs; its tokens stop working",
             "keys retire KID --why 'leaked'", [&](const Output& out) { return keys_retire(admin, kid, reason, out); });
    command->add_option("kid", kid, "key id")->required();
    command->add_option("--why", reason, "for the record")->required();
  }

  void add_filters(CLI::App* command, AuditOptions& options) {
    command->add_option("directory", options.directory, "the log's directory")->required();
    command->add_option("--where", options.where, "key=value, such as event=exchange or who.project=acme/billing");
    command->add_option("--since", options.since, "from this time on (RFC 3339)");
    command->add_option("--until", options.until, "before this time (RFC 3339)");
  }

  void add_audit() {
    auto* audit = group("audit", "read and verify the audit log, offline");
    auto& tail = keep<AuditOptions>();
    auto* command = leaf(audit, "tail", "show the last entries", "audit tail /var/lib/watchword/log --follow",
                         [&](const Output& out) { return audit_tail(tail, out); });
    add_filters(command, tail);
    command->add_option("-n,--count", tail.count, "how many")->capture_default_str();
    command->add_flag("-f,--follow", tail.follow, "wait for more");
    auto& show = keep<AuditOptions>();
    auto& id = keep<std::string>();
    command = leaf(audit, "show", "show one entry", "audit show /var/lib/watchword/log 01JDK3...",
                   [&](const Output& out) { return audit_show(show, id, out); });
    command->add_option("directory", show.directory, "the log's directory")->required();
    command->add_option("id", id, "record id")->required();
    auto& search = keep<AuditOptions>();
    command =
        leaf(audit, "search", "show entries that match", "audit search /var/lib/watchword/log --where decision=deny",
             [&](const Output& out) { return audit_search(search, out); });
    add_filters(command, search);
    auto& all = keep<AuditOptions>();
    command = leaf(audit, "export", "print entries as JSON lines", "audit export /var/lib/watchword/log > log.jsonl",
                   [&](const Output& out) { return audit_export(all, out); });
    add_filters(command, all);
    auto& verify = keep<AuditVerifyOptions>();
    command = leaf(audit, "verify", "verify every entry, tile and the checkpoint",
                   "audit verify /var/lib/watchword/log --key verifier.key",
                   [&](const Output& out) { return audit_verify(verify, out); });
    command->add_option("directory", verify.directory, "a copy of the log's directory")->required();
    command->add_option("--key", verify.key, "the log's verifier key, or a file with it")->required();
    command->add_option("--earlier", verify.earlier, "a checkpoint kept from before, which the log must extend");
  }

  void add_policy() {
    auto* policy = group("policy", "check, test and explain policies");
    auto& checked = keep<std::string>();
    auto* command = leaf(policy, "check", "check a policy directory", "policy check policy/",
                         [&](const Output& out) { return policy_check(checked, out); });
    command->add_option("directory", checked, "policy directory")->required();
    auto& tested = keep<std::string>();
    command = leaf(policy, "test", "run the *.test.yaml beside a policy", "policy test policy/",
                   [&](const Output& out) { return policy_test(tested, out); });
    command->add_option("directory", tested, "policy directory")->required();
    add_explain(policy);
    auto& eval = keep<EvalOptions>();
    command = leaf(policy, "eval", "evaluate an expression", "policy eval 'job.ref == \"main\"' --input facts.json",
                   [&](const Output& out) { return policy_eval(eval, out); });
    command->add_option("expression", eval.expression, "a condition (docs/conditions.md)")->required();
    command->add_option("--input", eval.input, "JSON file with the variables");
    command->add_option("--at", eval.at, "time instead of now (RFC 3339)");
    command = policy->add_subcommand("reload", "have a running gate load its policy again");
    auto& admin = admin_of(command);
    command->footer("Example:\n  watchword policy reload --admin unix:/run/watchword/admin.sock");
    command->callback([this, &admin] { run_ = [&](const Output& out) { return policy_reload(admin, out); }; });
  }

  void add_explain(CLI::App* policy) {
    auto& options = keep<ExplainOptions>();
    auto* command = leaf(
        policy, "explain", "say for a request which rules match, and what would have to change",
        "policy explain policy/ --claims job.json --method POST --url https://billing.gate.example.com/v1/invoices",
        [&](const Output& out) { return policy_explain(options, out); });
    command->add_option("directory", options.directory, "policy directory")->required();
    auto* claims = command->add_option("--claims", options.claims, "JSON file with the token's claims");
    auto* token =
        command->add_option("--token", options.token_file, "ID token, taken unverified; - for standard input");
    claims->excludes(token);
    command->add_option("--issuer", options.issuer, "the issuer's configured name")->capture_default_str();
    command->add_option("--config", options.config, "watchword.yaml, for the issuer's mapping");
    command->add_option("--resource", options.resource, "resource");
    command->add_option("--action", options.action, "action");
    command->add_option("--method", options.method, "HTTP method, with --url");
    command->add_option("--url", options.url, "URL as the job would call it");
    command->add_option("--grpc", options.grpc, "instead of --method: Service/Method at the URL");
    command->add_option("--websocket", options.websocket, "instead of --method: path of a WebSocket at the URL");
    command->add_option("--facts", options.facts, "JSON file with facts (docs/policy.md)");
    command->add_option("--at", options.at, "time instead of now (RFC 3339)");
  }

  void add_setup() {
    auto* gitlab = group("gitlab", "what GitLab must be told");
    auto& options = keep<GitlabSetupOptions>();
    auto* command = leaf(gitlab, "setup", "create or mend the webhook that tells the gate what happens to jobs",
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

    add_hook_secret(gitlab);

    auto& checked = keep<DoctorOptions>();
    command = leaf(&app_, "doctor", "check a gate and what it depends on: one line each, with the fix",
                   "doctor --config /etc/watchword/watchword.yaml",
                   [&checked](const Output& out) { return doctor(checked, out); });
    command->add_option("--config", checked.config, "watchword.yaml")->required()->envname("WATCHWORD_CONFIG");
    command->add_option("--project", checked.projects, "look at this project's hook; without it at those in use");
    command->add_option("--group", checked.groups, "look at this group's hook");
  }

  void add_hook_secret(CLI::App* gitlab) {
    auto& options = keep<HookSecretOptions>();
    auto* command = leaf(gitlab, "hook-secret", "print the secret of a webhook, to set it by hand",
                         "gitlab hook-secret --project 42 --config /etc/watchword/watchword.yaml",
                         [&options](const Output& out) { return gitlab_hook_secret(options, out); });
    command->add_option("--config", options.config, "watchword.yaml")->required()->envname("WATCHWORD_CONFIG");
    auto* project = command->add_option("--project", options.project, "id of the project whose hook it is");
    project->excludes(command->add_option("--group", options.group, "id of the group whose hook it is"));
    command->add_option("--gitlab", options.gitlab, "name of the issuer, where several have a webhook_secret");
    command->add_option("--kind", options.kind, "which, where there are both")
        ->check(CLI::IsMember({"token", "signing"}));
  }

  static void add_rendering(CLI::App* command, EnvoyOptions& options) {
    command->add_option("--config", options.config, "watchword.yaml")->required()->envname("WATCHWORD_CONFIG");
    command->add_option("--listen", options.listen, "where Envoy listens: host:port or unix:/path")
        ->capture_default_str();
    command->add_option("--ext-authz", options.ext_authz, "where the gate answers; else listen.ext_authz");
    command->add_option("--admin", options.admin, "Envoy's admin interface")->capture_default_str();
    command->add_option("--host", options.hosts, "host of the gate, for resources with a prefix; else that of its url");
    command->add_option("--resource", options.resources, "render only this one");
    command->add_option("--certificate", options.listener_tls.certificate,
                        "of the listener (PEM); else watchword.yaml's");
    command->add_option("--key", options.listener_tls.key, "its key (PEM)");
    command->add_option("--client-ca", options.listener_tls.client_ca, "demand client certificates of this CA (PEM)");
    command->add_option("--gate-ca", options.gate_ca, "CA of the gate's certificate (PEM); else --ca-bundle");
    command->add_option("--gate-certificate", options.gate_certificate, "Envoy's own towards the gate (PEM)");
    command->add_option("--gate-key", options.gate_key, "its key (PEM)");
    command->add_option("--ca-bundle", options.ca_bundle, "CAs of upstreams without `ca` (PEM)")->capture_default_str();
    command->add_option("--access-log", options.access_log, "file; else standard output");
    command->add_option("--timeout", options.timeout, "of the gate's answer")->capture_default_str();
    command->add_option("--max-stream", options.max_stream, "longest request or stream")->capture_default_str();
    command->add_option("--heap-mib", options.heap_mib, "memory beyond which Envoy refuses requests")
        ->capture_default_str()
        ->check(CLI::Range(64, 1 << 20));
    command->add_option("--max-connections", options.max_connections, "of clients at once")
        ->capture_default_str()
        ->check(CLI::Range(1, 10'000'000));
  }

  void add_envoy() {
    auto* envoy = group("envoy", "Envoy's configuration, from the policy");
    auto& rendered = keep<EnvoyOptions>();
    auto* command = leaf(envoy, "config", "render a complete Envoy bootstrap (JSON)",
                         "envoy config --config watchword.yaml --check --output /etc/envoy/envoy.json",
                         [&rendered](const Output& out) { return envoy_config(rendered, out); });
    add_rendering(command, rendered);
    command->add_option("--policy", rendered.policy, "policy folder; else watchword.yaml's");
    command->add_option("--output", rendered.output, "file; else standard output");
    command->add_flag("--check", rendered.check, "write it only if Envoy takes it and nothing gets past the gate");
    command->add_option("--envoy", rendered.envoy, "the binary to check with; else $PATH's");

    auto& checked = keep<EnvoyCheckOptions>();
    command = leaf(envoy, "check", "find in any bootstrap (JSON) what gets past the gate", "envoy check envoy.json",
                   [&checked](const Output& out) { return envoy_check(checked, out); });
    command->add_option("file", checked.file, "bootstrap")->required();
    command->add_option("--envoy", checked.envoy, "have this binary validate it too");

    auto& compared = keep<EnvoyOptions>();
    auto& sides = keep<std::vector<std::string>>();
    command = leaf(envoy, "diff", "show what a change of policy alters; exit code 1 when it does",
                   "envoy diff --config watchword.yaml --policy old/ new/",
                   [&compared, &sides](const Output& out) { return envoy_diff(compared, sides, out); });
    add_rendering(command, compared);
    command->add_option("--policy", sides, "before and after: policy folders, or rendered files")
        ->required()
        ->expected(2);
  }

  void add_small() {
    auto* config = group("config", "the gate's configuration");
    auto& file = keep<std::string>();
    auto* command = leaf(config, "check", "check watchword.yaml and the policy that it names",
                         "config check watchword.yaml", [&](const Output& out) { return config_check(file, out); });
    command->add_option("file", file, "watchword.yaml")->required();
    auto* clients = group("clients", "clients of introspection and revocation");
    leaf(clients, "secret", "make a client secret and its hash", "clients secret", clients_secret);
    command = app_.add_subcommand("status", "what a running gate has in force");
    auto& admin = admin_of(command);
    command->footer("Example:\n  watchword status --admin unix:/run/watchword/admin.sock");
    command->callback([this, &admin] { run_ = [&](const Output& out) { return status(admin, out); }; });
    leaf(&app_, "reasons", "every reason for a refusal, and how to mend it", "reasons", reasons);
    leaf(&app_, "version", "the version", "version", version);
    auto& shell = keep<std::string>();
    command = leaf(&app_, "completion", "a completion script", "completion bash > /etc/bash_completion.d/watchword",
                   [this, &shell](const Output& out) { return completion(shell, words(), out); });
    command->add_option("shell", shell, "bash, zsh or fish")->required()->check(CLI::IsMember({"bash", "zsh", "fish"}));
  }

  // Command -> what may follow it, for completion.
  std::vector<CompletionWords> words() const {
    std::vector<CompletionWords> all;
    using Words = std::vector<std::string>;
    const auto add_options = [](const CLI::App& command, Words& words) {
      for (const auto* option : command.get_options())
        for (const auto& name : option->get_lnames())
          if (std::ranges::find(words, "--" + name) == words.end()) words.push_back("--" + name);
    };
    // `options`: those of the commands above, which may stand here too. A subcommand without name is a group of
    // options.
    std::function<void(const CLI::App&, const std::string&, Words)> walk = [&](const CLI::App& command,
                                                                               const std::string& path, Words options) {
      add_options(command, options);
      CompletionWords entry{path, {}};
      for (const auto* sub : command.get_subcommands(nullptr))
        if (sub->get_name().empty())
          add_options(*sub, options);
        else
          entry.words.push_back(sub->get_name());
      entry.words.insert(entry.words.end(), options.begin(), options.end());
      all.push_back(std::move(entry));
      for (const auto* sub : command.get_subcommands(nullptr))
        if (!sub->get_name().empty())
          walk(*sub, path.empty() ? sub->get_name() : path + " " + sub->get_name(), options);
    };
    walk(app_, "", {});
    return all;
  }

  CLI::App& app_;
  bool json_ = false;
  Run run_;
  std::vector<std::shared_ptr<void>> kept_;
};

// Names the first word that is no subcommand, and the one that was probably meant.
void suggest(const CLI::App& app, int argc, char** argv) {
  const auto* at = &app;
  std::string path = "watchword";
  for (const std::string word : std::span(argv, static_cast<std::size_t>(argc)).subspan(1)) {
    std::vector<std::string> names;
    for (const auto* sub : at->get_subcommands(nullptr))
      if (!sub->get_name().empty()) names.push_back(sub->get_name());
    if (names.empty() || word.starts_with('-')) return;
    if (std::ranges::find(names, word) == names.end()) {
      const auto meant = nearest(word, names);
      std::fputs(("'" + printable(word) + "' is no command of '" + path + "'.").c_str(), stderr);
      std::fputs(meant ? (" Did you mean '" + path + " " + *meant + "'?\n").c_str() : "\n", stderr);
      return;
    }
    at = at->get_subcommand(word);
    path += " " + word;
  }
}

}  // namespace

int run(int argc, char** argv) {
  CLI::App app("Watchword: an identity-aware access gateway for CI jobs", "watchword");
  app.set_version_flag("--version", "watchword " + std::string(kVersion));
  Tree tree(app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    // --help and --version are reported this way too, with exit code 0.
    if (app.exit(error) == 0) return kOk;
    suggest(app, argc, argv);
    return kUsage;
  }
  return tree.run();
}

}  // namespace watchword::cli
