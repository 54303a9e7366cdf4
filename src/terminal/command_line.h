// A program of subcommands: builds the tree, parses, runs what was chosen.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "terminal/command_tree.h"

namespace watchword::terminal {

// Started by the name `program`, through a link, a program is its command `command`.
struct CalledAs {
  std::string_view program;
  const char* command;
};

struct Program {
  std::string name, purpose;
  std::span<void (*const)(CommandTree&)> commands;  // each adds some
  std::span<const CalledAs> called_as = {};
};
// Returns the process's exit code; never throws.
int run(const Program& program, int argc, char** argv);

}  // namespace watchword::terminal
