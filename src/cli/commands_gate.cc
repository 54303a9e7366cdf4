// The form of: serve, dev, config, clients, status, reasons.
#include "cli/command_forms.h"

namespace watchword::cli {

void add_gate(CommandTree& tree) {
  auto& options = tree.keep<ServeOptions>();
  auto* command = tree.leaf(&tree.app(), "serve", "run the gate", "serve --config /etc/watchword/watchword.yaml",
                            [&options](const Output& out) { return serve(options, out); });
  command->add_option("--config", options.config, "watchword.yaml")->required();
  auto& trial = tree.keep<DevOptions>();
  command = tree.leaf(&tree.app(), "dev", "run everything on loopback, with an issuer and a backend of its own", "dev",
                      [&trial](const Output& out) { return dev(trial, out); });
  command->add_option("--state", trial.state, "folder to keep; without it a temporary one");
  command->add_option("--port", trial.port, "first of five ports")->capture_default_str();
  command->add_option("--policy", trial.policy, "policy folder; without it an example");
}

void add_small(CommandTree& tree) {
  auto* config = tree.group("config", "the gate's configuration");
  auto& file = tree.keep<std::string>();
  auto* command = tree.leaf(config, "check", "check watchword.yaml and the policy that it names",
                            "config check watchword.yaml", [&](const Output& out) { return config_check(file, out); });
  command->add_option("file", file, "watchword.yaml")->required();
  auto* clients = tree.group("clients", "clients of introspection and revocation");
  tree.leaf(clients, "secret", "make a client secret and its hash", "clients secret", clients_secret);
  command = tree.app().add_subcommand("status", "what a running gate has in force");
  auto& admin = admin_of(tree, command);
  command->footer("Example:\n  watchword status --admin unix:/run/watchword/admin.sock");
  tree.runs(command, [&](const Output& out) { return status(admin, out); });
  auto& reason = tree.keep<std::string>();
  command = tree.leaf(&tree.app(), "reasons", "every reason for a refusal, or all about one", "reasons no_binding",
                      [&reason](const Output& out) { return reasons(reason, out); });
  command->add_option("name", reason, "of a reason");
}

}  // namespace watchword::cli
