// What runs inside a job: in the small client and in the full program alike. Each command takes its options, prints,
// and returns an exit code. commands.cc gives them their command-line form.
#pragma once

#include <string>
#include <vector>

#include "job/holder.h"
#include "terminal/command_line.h"
#include "terminal/command_tree.h"

namespace watchword::job {

using terminal::CommandTree;
using terminal::exit_code;
using terminal::kOk;
using terminal::Output;

struct ExchangeOptions : HolderOptions {
  std::vector<std::string> audiences;
  std::string scope;
  bool token_only = false;
};
int token_exchange(const ExchangeOptions& options, const Output& out);

struct TokenGetOptions : HolderOptions {
  std::string resource;
  std::vector<std::string> actions;  // none: all that the job's roles name
};
int token_get(const TokenGetOptions& options, const Output& out);

struct TunnelOptions {
  HolderOptions access;
  std::string gateway;   // URL of the gate's gateway; empty: as the gate says
  std::string resource;  // NAME, or NAME:PORT where the port is not the one that the gate says
  std::string listen;    // host:port or unix:path, on loopback
};
int tunnel(const TunnelOptions& options, const Output& out);

struct ExecOptions : HolderOptions {
  std::vector<std::string> words;    // RESOURCE[/ACTION]... -- COMMAND ARG..., with the first --
  std::vector<std::string> renames;  // NAME=resource
  bool unix_sockets = false, explain = false, json = false;
};
// Also the command's own exit code, or 128 + N after signal N; what exec itself fails with is 120 more than elsewhere.
int exec(const ExecOptions& options, const Output& out);

// From inside the job: does it reach its gate, and is its ID token right?
int doctor(const HolderOptions& options, const Output& out);
void add_doctor_options(CLI::App* command, HolderOptions& options);

// In the protocols of git, Docker and Kubernetes clients (docs/credentials.md).
struct CredentialOptions : HolderOptions {
  std::vector<std::string> resources;  // RESOURCE or RESOURCE/ACTION; none: those of $WATCHWORD_RESOURCES
  std::string action;                  // of the protocol; Kubernetes has none
};
int git_credential(const CredentialOptions& options, const Output& out);
int docker_credential(const CredentialOptions& options, const Output& out);
int kube_credential(const CredentialOptions& options, const Output& out);
// The names by which git and Docker start their helpers.
inline constexpr terminal::CalledAs kCalledAs[] = {{"git-credential-watchword", "git-credential"},
                                                   {"docker-credential-watchword", "docker-credential"}};

// Each adds some of them to the tree.
void add_token(CommandTree& tree);
void add_tunnel(CommandTree& tree);
void add_exec(CommandTree& tree);
void add_credentials(CommandTree& tree);
void add_doctor(CommandTree& tree);  // of the small client; the full program's doctor can do this too

}  // namespace watchword::job
