// The client alone, for the images that jobs run in: what src/job/ can, in one static file.
#include "base/secret.h"
#include "job/commands.h"
#include "terminal/command_line.h"
#include "terminal/commands.h"

int main(int argc, char** argv) {
  using namespace watchword;
  static constexpr void (*kCommands[])(terminal::CommandTree&) = {
      job::add_token, job::add_tunnel, job::add_exec, job::add_credentials, job::add_doctor, terminal::add_general};
  forbid_core_dumps();
  return terminal::run({"watchword", "Watchword: access for CI jobs (the client alone)", kCommands, job::kCalledAs},
                       argc, argv);
}
