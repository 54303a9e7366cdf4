#include "cli/cli.h"

#include "cli/command_forms.h"
#include "job/commands.h"
#include "terminal/command_line.h"
#include "terminal/commands.h"

namespace watchword::cli {

int run(int argc, char** argv) {
  static constexpr void (*kCommands[])(CommandTree&) = {add_gate,        add_token,     job::add_token,
                                                        job::add_tunnel, job::add_exec, job::add_credentials,
                                                        add_sessions,    add_freeze,    add_keys,
                                                        add_audit,       add_policy,    add_setup,
                                                        add_envoy,       add_small,     terminal::add_general};
  return terminal::run(
      {"watchword", "Watchword: an identity-aware access gateway for CI jobs", kCommands, job::kCalledAs}, argc, argv);
}

}  // namespace watchword::cli
