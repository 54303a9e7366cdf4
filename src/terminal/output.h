// How the command line talks: text for people, JSON for programs, colour only on a terminal, documented exit codes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace watchword::terminal {

// Exit codes (docs/cli.md).
inline constexpr int kOk = 0;
inline constexpr int kFailed = 1;   // the gate, the network, the disk
inline constexpr int kUsage = 2;    // the command line
inline constexpr int kInvalid = 3;  // a configuration, policy, test or token is not valid
inline constexpr int kDenied = 4;   // an answer was given, and it is no
inline constexpr int kCorrupt = 5;  // the audit log does not verify

int exit_code(Reason reason);

class Output {
 public:
  explicit Output(bool json) : json_(json) {}
  bool json() const { return json_; }
  void line(std::string_view text) const;  // to standard output
  // To standard output: one line with --json, else indented, and with escapes for what would act on a terminal.
  void value(const Json& value) const;
  // To standard error, as text or problem object; returns the exit code.
  int error(const Error& error) const;
  int errors(const std::vector<Error>& errors) const;
  // Paints for a terminal; plain text elsewhere, or with NO_COLOR set.
  std::string good(std::string_view text) const;
  std::string bad(std::string_view text) const;
  std::string strong(std::string_view text) const;

 private:
  bool json_;
};

Json to_json(const Error& error);

// Indented JSON in which DEL, C1 and bidirectional characters are escaped (\\u202e): the same value, safe to look at.
std::string pretty_for_terminal(const Json& value);

}  // namespace watchword::terminal
