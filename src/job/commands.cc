// The form of: token exchange, token get, tunnel, exec, doctor, git-credential, docker-credential, kube-credential.
#include "job/commands.h"

namespace watchword::job {
namespace {

CLI::Option* add_gate(CLI::App* command, HolderOptions& options) {
  auto* gate = command->add_option("--gate", options.gate, "URL of the gate")->envname("WATCHWORD_URL");
  command->add_option("--ca", options.ca, "private CA of the gate (PEM)")->envname("WATCHWORD_CA");
  return gate;
}

void add_id_token(CLI::App* command, HolderOptions& options) {
  command->add_option("--token-file", options.token_file, "ID token; - for standard input");
  command->add_option("--token-env", options.token_env, "variable with the ID token")->capture_default_str();
}

void add_exchange(CLI::App* command, HolderOptions& options) {
  command->add_option("--job-token-env", options.job_token_env,
                      "variable with the job's token (CI_JOB_TOKEN), for the gate to ask GitLab about the job");
  command->add_option("--retry-for", options.retry_for, "how long to ask a gate again that gives no answer")
      ->envname("WATCHWORD_RETRY_FOR")
      ->capture_default_str();
}

void add_access(CLI::App* command, HolderOptions& options) {
  add_gate(command, options)->required();
  add_id_token(command, options);
  add_exchange(command, options);
}

CLI::App* add_credential(CommandTree& tree, CredentialOptions& options, const std::string& name,
                         const std::string& help, const std::string& example,
                         int (*run)(const CredentialOptions&, const Output&)) {
  auto* command =
      tree.leaf(&tree.app(), name, help, example, [&options, run](const Output& out) { return run(options, out); });
  command->add_option("--resource", options.resources, "resource, or resource/action; may be repeated")
      ->allow_extra_args(false);  // the word behind it is the protocol's
  add_access(command, options);
  return command;
}

}  // namespace

void add_doctor_options(CLI::App* command, HolderOptions& options) {
  add_gate(command, options);
  add_id_token(command, options);
}

void add_doctor(CommandTree& tree) {
  auto& options = tree.keep<HolderOptions>();
  auto* command = tree.leaf(&tree.app(), "doctor", "check the way to the gate and the job's ID token", "doctor",
                            [&options](const Output& out) { return doctor(options, out); });
  add_doctor_options(command, options);
}

void add_token(CommandTree& tree) {
  auto* token = tree.group("token", "exchange, verify and look into tokens");
  auto& exchange = tree.keep<ExchangeOptions>();
  auto* command = tree.leaf(token, "exchange", "exchange a job's ID token for an access token",
                            "token exchange --gate https://gate.example.com --scope billing-api/read",
                            [&exchange](const Output& out) { return token_exchange(exchange, out); });
  add_access(command, exchange);
  command->add_option("--audience", exchange.audiences, "resource to narrow the token to");
  command->add_option("--scope", exchange.scope, "permissions to narrow the token to: billing-api/read ...");
  command->add_flag("--token-only", exchange.token_only, "print nothing but the access token");

  auto& get = tree.keep<TokenGetOptions>();
  command = tree.leaf(token, "get", "print a bearer token, for tools that can prove no key",
                      "token get --resource billing-api --action read",
                      [&get](const Output& out) { return token_get(get, out); });
  add_access(command, get);
  command->add_option("--resource", get.resource, "resource that the token is for")->required();
  command->add_option("--action", get.actions, "action of it; may be repeated");
}

void add_tunnel(CommandTree& tree) {
  auto& options = tree.keep<TunnelOptions>();
  auto* command = tree.leaf(&tree.app(), "tunnel", "a local port that leads through the gate to a TCP resource",
                            "tunnel ledger-db --listen 127.0.0.1:5432 --gate https://gate.example.com",
                            [&options](const Output& out) { return tunnel(options, out); });
  command->add_option("resource", options.resource, "NAME, or NAME:PORT to name the port of its upstream")->required();
  command->add_option("--listen", options.listen, "host:port or unix:/path, on loopback")->required();
  command->add_option("--gateway", options.gateway, "URL of the gate's gateway, if not as the gate says")
      ->envname("WATCHWORD_GATEWAY_URL");
  add_access(command, options.access);
}

void add_credentials(CommandTree& tree) {
  auto& git = tree.keep<CredentialOptions>();
  add_credential(tree, git, "git-credential", "git's credential helper for resources of kind git",
                 "git-credential --resource code get", git_credential)
      ->add_option("action", git.action, "get; others do nothing")
      ->required();
  auto& docker = tree.keep<CredentialOptions>();
  add_credential(tree, docker, "docker-credential", "Docker's credential helper for resources of kind docker",
                 "docker-credential get", docker_credential)
      ->add_option("action", docker.action, "get, store, erase, list, version")
      ->required();
  auto& kube = tree.keep<CredentialOptions>();
  add_credential(tree, kube, "kube-credential", "kubectl's credential plugin for a resource of kind kubernetes",
                 "kube-credential --resource cluster", kube_credential)
      ->get_option("--resource")
      ->required();
}

// All that stands before and behind the -- is left over by CLI11, in its order: no positional takes it, as one that
// may be given several times would take what is behind too. The one that is declared is for --help, and refuses all.
void add_exec(CommandTree& tree) {
  auto& options = tree.keep<ExecOptions>();
  auto* command = tree.leaf(&tree.app(), "exec", "run a command that has access to resources, and no credential",
                            "exec billing-api/read -- ./deploy.sh", [&options, &tree](const Output& out) {
                              options.words = tree.app().get_subcommand("exec")->remaining();
                              return exec(options, out);
                            });
  command->fallthrough(false)->allow_extras()->validate_positionals();
  command->add_option("resources", options.words, "RESOURCE or RESOURCE/ACTION ..., then -- COMMAND ARG...")
      ->check([](const std::string&) { return std::string("left over"); });
  command->add_option("--env", options.renames, "NAME=resource: the variable for its URL; may be repeated")
      ->allow_extra_args(false);
  command->add_flag("--unix-sockets", options.unix_sockets, "Unix sockets instead of ports");
  command->add_flag("--explain", options.explain, "say what the gate evaluated");
  command->add_flag("--json", options.json, "refusals and errors as JSON");
  add_gate(command, options);
  command->add_option("--id-token-env,--token-env", options.token_env, "variable with the ID token")
      ->capture_default_str();
  command->add_option("--id-token-file,--token-file", options.token_file, "file with the ID token");
  add_exchange(command, options);
}

}  // namespace watchword::job
