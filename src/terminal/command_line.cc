#include "terminal/command_line.h"

#include <algorithm>
#include <cstdio>

#include "base/text.h"
#include "terminal/version.h"

namespace watchword::terminal {
namespace {

// Names the first word that is no subcommand, and the one that was probably meant.
void suggest(const CLI::App& app, int argc, char** argv) {
  const auto* at = &app;
  std::string path = app.get_name();
  for (const std::string word : std::span(argv, static_cast<std::size_t>(argc)).subspan(1)) {
    std::vector<std::string> names;
    for (const auto* sub : at->get_subcommands(nullptr))
      if (!sub->get_name().empty()) names.push_back(sub->get_name());
    if (names.empty() || word.starts_with('-')) return;
    if (std::ranges::find(names, word) == names.end()) {
      const auto meant = nearest(word, names);
      std::fputs(("'" + printable(word) + "' is no command of '" + path + "'.").c_str(), stderr);
      std::fputs(meant ? (" Did you mean '" + path + " " + *meant + "'?\n").c_str() : "\n", stderr);
      return;
    }
    at = at->get_subcommand(word);
    path += " " + word;
  }
}

}  // namespace

int run(const Program& program, int argc, char** argv) {
  CLI::App app(program.purpose, program.name);
  app.set_version_flag("--version", program.name + " " + std::string(kVersion));
  CommandTree tree(app);
  for (const auto add : program.commands) add(tree);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    // --help and --version are reported this way too, with exit code 0.
    if (app.exit(error) == 0) return kOk;
    suggest(app, argc, argv);
    return kUsage;
  }
  return tree.run();
}

}  // namespace watchword::terminal
