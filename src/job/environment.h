// The environment of a command: that of this process without the ID token, and with what the command is to find.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/secret.h"

namespace watchword::job {

// One thread. What is inherited is not copied: nothing may change it meanwhile (setenv).
class Environment {
 public:
  explicit Environment(char** inherited);  // ends with null, as `environ`

  // The command gets neither `variable` nor any other that holds the token. Their values are wiped where they stand, so
  // that /proc/PID/environ shows none.
  void forget(const Secret& token, std::string_view variable);
  void set(std::string_view name, std::string_view value);  // in place of all of this name

  // Where a proxy is set, it is not asked for `host`: no_proxy and NO_PROXY name that too, as tools read one or the
  // other.
  void reach_directly(std::string_view host);

  // For execve: ends with null. Good until the next change.
  std::vector<char*> pointers();

 private:
  std::string_view get(std::string_view name) const;  // the first of this name; empty: none

  std::vector<char*> inherited_;
  std::vector<std::string> own_;
};

}  // namespace watchword::job
