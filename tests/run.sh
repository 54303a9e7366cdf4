#!/usr/bin/env bash
# The integration and end-to-end tests against BUILD_DIR/watchword: tests/run.sh BUILD_DIR [FILTER]
# FILTER is a part of the tests' names (./dev test shows them); `integration` are those that need no downloaded parts.
# Exit code 5: no test's name holds FILTER. Logs stay under BUILD_DIR/test-logs.
set -euo pipefail
build=$(realpath "$1")
tests=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
rm -rf "$build/test-logs"
exec python3 "$tests/integration/support/run.py" "$build" "${2:-}"
