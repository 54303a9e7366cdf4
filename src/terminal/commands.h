// Commands that each program has.
#pragma once

#include "terminal/command_tree.h"

namespace watchword::terminal {

void add_general(CommandTree& tree);  // version, completion

}  // namespace watchword::terminal
