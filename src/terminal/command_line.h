// A program of subcommands: builds the tree, parses, runs what was chosen.
#pragma once

#include <span>
#include <string>

#include "terminal/command_tree.h"

namespace watchword::terminal {

struct Program {
  std::string name, purpose;
  std::span<void (*const)(CommandTree&)> commands;  // each adds some
};
// Returns the process's exit code; never throws.
int run(const Program& program, int argc, char** argv);

}  // namespace watchword::terminal
