#include "terminal/command_tree.h"

#include <algorithm>

namespace watchword::terminal {

CommandTree::CommandTree(CLI::App& app) : app_(app) {
  app_.require_subcommand(1);
  app_.fallthrough();
  app_.add_flag("--json", json_, "machine-readable output");
}

void CommandTree::runs(CLI::App* command, Run action) {
  command->callback([this, action = std::move(action)] { run_ = action; });
}

CLI::App* CommandTree::leaf(CLI::App* parent, const std::string& name, const std::string& help,
                            const std::string& example, Run action) {
  auto* command = parent->add_subcommand(name, help);
  command->footer("Example:\n  watchword " + example);
  runs(command, std::move(action));
  return command;
}

CLI::App* CommandTree::group(const std::string& name, const std::string& help) {
  const auto known = app_.get_subcommands([&name](CLI::App* command) { return command->get_name() == name; });
  if (!known.empty()) return known.front();
  auto* command = app_.add_subcommand(name, help);
  command->require_subcommand(1);
  return command;
}

std::vector<CompletionWords> CommandTree::words() const {
  std::vector<CompletionWords> all;
  using Words = std::vector<std::string>;
  const auto add_options = [](const CLI::App& command, Words& words) {
    for (const auto* option : command.get_options())
      for (const auto& name : option->get_lnames())
        if (std::ranges::find(words, "--" + name) == words.end()) words.push_back("--" + name);
  };
  // `options`: those of the commands above, which may stand here too. A subcommand without name is a group of
  // options.
  std::function<void(const CLI::App&, const std::string&, Words)> walk = [&](const CLI::App& command,
                                                                             const std::string& path, Words options) {
    add_options(command, options);
    CompletionWords entry{path, {}};
    for (const auto* sub : command.get_subcommands(nullptr))
      if (sub->get_name().empty())
        add_options(*sub, options);
      else
        entry.words.push_back(sub->get_name());
    entry.words.insert(entry.words.end(), options.begin(), options.end());
    all.push_back(std::move(entry));
    for (const auto* sub : command.get_subcommands(nullptr))
      if (!sub->get_name().empty()) walk(*sub, path.empty() ? sub->get_name() : path + " " + sub->get_name(), options);
  };
  walk(app_, "", {});
  return all;
}

}  // namespace watchword::terminal
