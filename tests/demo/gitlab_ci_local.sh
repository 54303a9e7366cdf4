#!/usr/bin/env bash
# Prints the command that runs gitlab-ci-local, from $PATH or the test parts in BUILD_DIR/parts: gitlab_ci_local.sh BUILD_DIR. Says in one
# line why there is none. It needs Node 22, git and rsync.
set -euo pipefail
parts=$1/parts

missing() { printf '%s\n' "$*" >&2; exit 1; }
recent() { [ "$("$1" -p 'process.versions.node.split(".")[0]' 2>/dev/null || echo 0)" -ge 22 ]; }
for tool in git rsync; do command -v "$tool" >/dev/null || missing "there is no $tool"; done
bundle=$parts/node_modules/gitlab-ci-local/dist/index.js
if [ -f "$bundle" ] && recent "$parts/node"; then
  printf '%s %s\n' "$parts/node" "$bundle"
elif ! command -v node >/dev/null; then
  missing "there is no Node"
elif ! recent node; then
  missing "Node $(node -p process.versions.node) is older than 22"
else
  command -v gitlab-ci-local || missing "gitlab-ci-local is neither on PATH nor in the test parts, which ./dev test installs"
fi
