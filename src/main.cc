#include "base/secret.h"
#include "cli/cli.h"

int main(int argc, char** argv) {
  watchword::forbid_core_dumps();
  return watchword::cli::run(argc, argv);
}
