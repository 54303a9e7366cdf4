// The command line: builds the tree of subcommands, parses, runs what was chosen.
#include "cli/cli.h"

#include <algorithm>
#include <cstdio>
#include <span>

#include "base/text.h"
#include "cli/command_tree.h"
#include "cli/completion.h"
#include "cli/version.h"

namespace watchword::cli {
namespace {

// Names the first word that is no subcommand, and the one that was probably meant.
void suggest(const CLI::App& app, int argc, char** argv) {
  const auto* at = &app;
  std::string path = "watchword";
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

int run(int argc, char** argv) {
  CLI::App app("Watchword: an identity-aware access gateway for CI jobs", "watchword");
  app.set_version_flag("--version", "watchword " + std::string(kVersion));
  CommandTree tree(app);
  for (const auto add : {add_gate, add_token, add_tunnel, add_sessions, add_freeze, add_keys, add_audit, add_policy,
                         add_setup, add_envoy, add_small})
    add(tree);
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

}  // namespace watchword::cli
