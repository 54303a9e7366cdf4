#include "terminal/commands.h"

#include "terminal/completion.h"
#include "terminal/version.h"

namespace watchword::terminal {
namespace {

int version(const Output& out) {
  if (out.json())
    out.value(Json::object({{"version", kVersion}}));
  else
    out.line("watchword " + std::string(kVersion));
  return kOk;
}

}  // namespace

void add_general(CommandTree& tree) {
  tree.leaf(&tree.app(), "version", "the version", "version", version);
  auto& shell = tree.keep<std::string>();
  auto* command =
      tree.leaf(&tree.app(), "completion", "a completion script", "completion bash > /etc/bash_completion.d/watchword",
                [&tree, &shell](const Output& out) { return completion(shell, tree.words(), out); });
  command->add_option("shell", shell, "bash, zsh or fish")->required()->check(CLI::IsMember({"bash", "zsh", "fish"}));
}

}  // namespace watchword::terminal
