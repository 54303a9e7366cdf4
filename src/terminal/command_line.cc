#include "terminal/command_line.h"

#include <algorithm>
#include <cstdio>
#include <vector>

#include "base/text.h"
#include "terminal/version.h"

namespace watchword::terminal {
namespace {

// Names the first word that is no subcommand, and the one that was probably meant.
void suggest(const CLI::App& app, std::span<const char* const> words) {
  const auto* at = &app;
  std::string path = app.get_name();
  for (const std::string word : words.subspan(1)) {
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

std::vector<const char*> words_of(const Program& program, int argc, char** argv) {
  std::vector<const char*> words(argv, argv + argc);
  if (words.empty()) return {program.name.c_str()};
  const std::string_view path = words.front();
  const auto name = path.substr(path.rfind('/') + 1);
  for (const auto& [called, command] : program.called_as)
    if (name == called) words.insert(words.begin() + 1, command);
  return words;
}

}  // namespace

int run(const Program& program, int argc, char** argv) {
  const auto words = words_of(program, argc, argv);
  CLI::App app(program.purpose, program.name);
  app.set_version_flag("--version", program.name + " " + std::string(kVersion));
  CommandTree tree(app);
  for (const auto add : program.commands) add(tree);
  try {
    app.parse(static_cast<int>(words.size()), words.data());
  } catch (const CLI::ParseError& error) {
    // --help and --version are reported this way too, with exit code 0.
    if (app.exit(error) == 0) return kOk;
    suggest(app, words);
    return kUsage;
  }
  return tree.run();
}

}  // namespace watchword::terminal
