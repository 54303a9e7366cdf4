// The command line: `watchword SUBCOMMAND ...`. docs/cli.md lists the subcommands and exit codes.
#pragma once

namespace watchword::cli {

// Returns the process's exit code; never throws.
int run(int argc, char** argv);

}  // namespace watchword::cli
