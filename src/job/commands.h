// What runs inside a job: in the small client and in the full program alike. Each command takes its options, prints,
// and returns an exit code. commands.cc gives them their command-line form.
#pragma once

#include <string>
#include <vector>

#include "terminal/command_tree.h"

namespace watchword::job {

using terminal::CommandTree;
using terminal::exit_code;
using terminal::kOk;
using terminal::Output;

struct ExchangeOptions {
  std::string gate, ca;  // URL, private CA
  std::string token_file, token_env = "WATCHWORD_ID_TOKEN";
  std::string job_token_env;  // variable with the CI job's token; empty: not sent
  std::vector<std::string> audiences;
  std::string scope;
  bool token_only = false;
};
int token_exchange(const ExchangeOptions& options, const Output& out);

struct TunnelOptions {
  ExchangeOptions access;  // the scope is the resource's own
  std::string gateway;     // URL of the gate's gateway
  std::string resource;    // NAME, or NAME:PORT where the port is not that of `listen`
  std::string listen;      // host:port or unix:path, on loopback
};
int tunnel(const TunnelOptions& options, const Output& out);

// Each adds some of them to the tree.
void add_token(CommandTree& tree);
void add_tunnel(CommandTree& tree);

}  // namespace watchword::job
