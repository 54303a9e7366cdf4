// The tree of subcommands: which takes what. Only this, command_line.cc and the commands_*.cc that fill it know CLI11.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "terminal/completion.h"
#include "terminal/output.h"

namespace watchword::terminal {

// The subcommand that was chosen leaves its action here. Outlives the parsing and the action.
class CommandTree {
 public:
  using Run = std::function<int(const Output&)>;
  explicit CommandTree(CLI::App& app);

  int run() const { return run_(Output(json_)); }

  CLI::App& app() { return app_; }
  CLI::App* leaf(CLI::App* parent, const std::string& name, const std::string& help, const std::string& example,
                 Run action);
  // Several may add to one group.
  CLI::App* group(const std::string& name, const std::string& help);
  void runs(CLI::App* command, Run action);
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

}  // namespace watchword::terminal
