// Each adds one group of commands to the tree (commands_*.cc).
#pragma once

#include "cli/commands.h"
#include "terminal/command_tree.h"

namespace watchword::cli {

using terminal::CommandTree;

void add_gate(CommandTree& tree);
void add_token(CommandTree& tree);
void add_sessions(CommandTree& tree);
void add_freeze(CommandTree& tree);
void add_keys(CommandTree& tree);
void add_audit(CommandTree& tree);
void add_policy(CommandTree& tree);
void add_setup(CommandTree& tree);
void add_envoy(CommandTree& tree);
void add_small(CommandTree& tree);

// Where the admin API is: --admin or --config of the command.
AdminOptions& admin_of(CommandTree& tree, CLI::App* command);

}  // namespace watchword::cli
