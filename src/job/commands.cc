// The form of: token exchange, tunnel.
#include "job/commands.h"

namespace watchword::job {
namespace {

void add_access(CLI::App* command, ExchangeOptions& access) {
  command->add_option("--gate", access.gate, "URL of the gate")->required()->envname("WATCHWORD_URL");
  command->add_option("--ca", access.ca, "private CA of the gate (PEM)");
  command->add_option("--token-file", access.token_file, "ID token; - for standard input");
  command->add_option("--token-env", access.token_env, "variable with the ID token")->capture_default_str();
  command->add_option("--job-token-env", access.job_token_env,
                      "variable with the job's token (CI_JOB_TOKEN), for the gate to ask GitLab about the job");
}

}  // namespace

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
}

void add_tunnel(CommandTree& tree) {
  auto& options = tree.keep<TunnelOptions>();
  auto* command = tree.leaf(&tree.app(), "tunnel", "a local port that leads through the gate to a TCP resource",
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

}  // namespace watchword::job
