// Shell completion, made from the tree of subcommands.
#pragma once

#include <string>
#include <vector>

#include "terminal/output.h"

namespace watchword::terminal {

struct CompletionWords {
  std::string command;             // "", "token", "token verify"
  std::vector<std::string> words;  // subcommands and options that may follow
};
int completion(const std::string& shell, const std::vector<CompletionWords>& commands, const Output& out);

}  // namespace watchword::terminal
