// The tree of subcommands: which takes what. Only this, the commands_*.cc that fill it and cli.cc know CLI11.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "cli/commands.h"
#include "cli/completion.h"

namespace watchword::cli {

// The subcommand that was chosen leaves its action here. Outlives the parsing and the action.
class CommandTree {
 public:
  using Run = std::function<int(const Output&)>;
  explicit CommandTree(CLI::App& app);

  int run() const { return run_(Output(json_)); }

  CLI::App& app() { return app_; }
  CLI::App* leaf(CLI::App* parent, const std::string& name, const std::string& help, const std::string& example,
                 Run action);
  CLI::App* group(const std::string& name, const std::string& help);
  void runs(CLI::App* command, Run action);
  // Where the admin API is: --admin or --config of the command.
  AdminOptions& admin_of(CLI::App* command);
  // Options that live as long as the tree.
  template <class T>
  T& keep() {
    auto options = std::make_shared<T>();
    kept_.push_back(options);
    return *options;
  }
  // Command -> what may follow it, for completion.
  std::vector<CompletionWords> words() const;

 private:
  CLI::App& app_;
  bool json_ = false;
  Run run_;
  std::vector<std::shared_ptr<void>> kept_;
};

// Each adds one group of commands.
void add_gate(CommandTree& tree);
void add_token(CommandTree& tree);
void add_tunnel(CommandTree& tree);
void add_sessions(CommandTree& tree);
void add_freeze(CommandTree& tree);
void add_keys(CommandTree& tree);
void add_audit(CommandTree& tree);
void add_policy(CommandTree& tree);
void add_setup(CommandTree& tree);
void add_envoy(CommandTree& tree);
void add_small(CommandTree& tree);

}  // namespace watchword::cli
