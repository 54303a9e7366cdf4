#!/usr/bin/env bash
# The story in a minute, on the real binary with its embedded defaults: a pipeline, tests/demo/project/.gitlab-ci.yml, whose jobs' logs are
# shown as they come, and what GitLab and an operator do meanwhile: every line after a $ is what was typed, what follows is what it printed.
# shellcheck disable=SC2016  # commands are shown before they are expanded
set -euo pipefail

watchword=$(realpath "$1")
here=$(realpath "$(dirname "$0")")
build=$(dirname "$(dirname "$watchword")")
folder=$(mktemp -d)
port=${WATCHWORD_DEMO_PORT:-18443}
gate=http://127.0.0.1:$port
issuer=http://127.0.0.1:$((port + 2))
through_envoy=http://billing.localhost:$((port + 4))
export PATH="$folder/bin:$PATH"
mkdir "$folder/bin"
ln -s "$watchword" "$folder/bin/watchword"
cp "$here"/../../examples/events/*.json "$folder"
cp -r "$here/project" "$folder/project"
why_no_envoy=$folder/why_no_envoy
envoy=$("$here/envoy.sh" "$build" 2>"$why_no_envoy") || envoy=
[ -z "$envoy" ] || ln -s "$envoy" "$folder/bin/envoy"
why_no_runner=$folder/why_no_runner
runner=$("$here/gitlab_ci_local.sh" "$build" 2>"$why_no_runner") || runner=
cd "$folder"

watchword dev --port "$port" --state "$folder/state" >dev.log 2>&1 &
gate_pid=$!
envoy_pid=
trap 'kill $envoy_pid "$gate_pid" 2>/dev/null; wait 2>/dev/null; rm -rf "$folder"' EXIT
# Its own word first: what answers on the port may be another gate, which is none of ours to drive.
for _ in $(seq 200); do
  kill -0 "$gate_pid" 2>/dev/null || { cat dev.log; exit 1; }
  grep -q '^Ctrl-C' dev.log && curl -fs "$gate/readyz" >/dev/null 2>&1 && ready=1 && break
  sleep 0.05
done
[ -n "${ready:-}" ] || { cat dev.log; echo "demo: the gate is not ready"; exit 1; }

if [ -t 1 ]; then bold=$'\033[1m' dim=$'\033[36m' plain=$'\033[0m'; else bold='' dim='' plain=''; fi
chapter() { printf '\n%s# %s%s\n' "$bold" "$*" "$plain"; }
failed() { echo "demo: $*"; exit 1; }
# Shows a command and runs it.
run() {
  printf '%s$ %s%s\n' "$dim" "$1" "$plain"
  eval "$1"
}
# The same for what must be refused: the demo fails unless the output names the reason.
refused() {
  local reason=$1 output
  printf '%s$ %s%s\n' "$dim" "$2" "$plain"
  output=$(eval "$2" 2>&1) || true
  printf '%s\n' "$output"
  grep -q "$reason" <<<"$output" || failed "this should have been refused with $reason"
}

# One job of the pipeline; its variables are what GitLab would mint.
job() {
  local name=$1
  shift
  if [ -z "$runner" ]; then
    (cd project && env "$@" WATCHWORD_URL="$gate" python3 "$here/run_job.py" .gitlab-ci.yml "$name")
  else
    local variables=() variable
    for variable in "$@" WATCHWORD_URL="$gate" GITLAB_CI=true; do variables+=(--variable "$variable"); done
    # shellcheck disable=SC2086  # a program, or Node and its file
    (cd project && $runner --shell-isolation --ignore-predefined-vars CI_JOB_ID,GITLAB_CI "${variables[@]}" "$name" 2>&1) |
      grep --line-buffered "^$name "
  fi
}
# Shows a job's log as it comes; `at LINE` is called at each line, for what happens meanwhile.
play() {
  local line
  while IFS= read -r line; do
    printf '%s\n' "$line"
    at "$line"
  done < <(job "$@" || true)
}
commit_project() {
  git -C project init -q -b feature/x
  git -C project config user.name "Jane Roe"
  git -C project config user.email jane@example.com
  git -C project remote add origin https://gitlab.example.com/acme/billing.git
  git -C project add .
  git -C project symbolic-ref refs/remotes/origin/HEAD refs/remotes/origin/main
  git -C project commit -q -m "Raise the amount"
}

export WATCHWORD_CONFIG=$folder/state/watchword.yaml gate issuer through_envoy
printf 'GATE %s   BILLING API http://billing.localhost:%s   ISSUER (in place of GitLab) %s\n' "$gate" "$((port + 1))" "$issuer"
if [ -n "$runner" ]; then
  commit_project
  printf 'The pipeline is run by gitlab-ci-local.\n'
else
  printf 'The pipeline is run by the demo itself, which reads the same file: %s.\n' "$(tail -1 "$why_no_runner")"
fi

chapter "A job on branch feature/x; GitLab mints its ID token, and tells the gate of the merge request"
run 'mint() { curl -s "$issuer/token?project_path=acme/billing&ref=feature/x&job_id=$1${2:+&$2}"; }'
run 'SECRET=$(watchword gitlab hook-secret --project 42)   # of this project only'
run 'hook() { curl -s "$gate/hooks/gitlab/projects/42" -H "X-Gitlab-Token: $SECRET" -d "@$1"; echo; }'
run 'hook merge_request_opened.json'
run 'sed -n "/^deploy/,/^$/p" project/.gitlab-ci.yml'

at() {
  case $1 in
    *"> READS"*) chapter "It may read: the backend sees who calls, and never the job's credential" ;;
    *"> WRITES"*) chapter "It may not write before its change is merged, and learns why and what to do" ;;
    *"> WAITS"*)
      chapter "The merge event arrives: the same job may write at once"
      run 'hook merge_request_merged.json'
      ;;
    *"> UPLOADS"*)
      chapter "The job ends in the CI system: its access is gone at once, here in the middle of an upload"
      sleep 1
      run 'watchword sessions list'
      run 'hook job_finished.json'
      ;;
  esac
  printf '%s\n' "$1" >>said
}
play deploy CI_JOB_ID=4711 WATCHWORD_ID_TOKEN="$(mint 4711)"
for reason in context_not_met '"body_bytes":8' session_ended; do
  grep -q "$reason" said || failed "the job's log should have $reason"
done

chapter "A tampered, an expired and a wrong-audience token are each refused for their own reason"
at() { printf '%s\n' "$1" >>said; }
play attack CI_JOB_ID=4712 WATCHWORD_ID_TOKEN="$(mint 4712)" EXPIRED_ID_TOKEN="$(mint 4712 expires_in=-3600)" \
  MISDIRECTED_ID_TOKEN="$(mint 4712 aud=https://other.example.com)"
for reason in signature_invalid token_expired audience_mismatch; do
  grep -q "$reason" said || failed "the job's log should have $reason"
done

if [ -n "$envoy" ]; then
  chapter "The same door behind Envoy, whose configuration follows from the policy: the same rights, the same reasons"
  run 'watchword envoy config --listen "127.0.0.1:${through_envoy##*:}" --admin "unix:$PWD/envoy-admin.sock" --check --output envoy.json'
  printf '%s$ envoy -c envoy.json &%s\n' "$dim" "$plain"
  envoy --disable-hot-restart --concurrency 1 --log-level error -c envoy.json >envoy.log 2>&1 &
  envoy_pid=$!
  for _ in $(seq 400); do
    kill -0 "$envoy_pid" 2>/dev/null || { cat envoy.log; exit 1; }
    curl -s "$through_envoy" >/dev/null && break
    sleep 0.05
  done
  run 'TOKEN=$(mint 4713 | watchword token exchange --gate "$gate" --token-file - --token-only)'
  run 'curl -sf "$through_envoy/v1/invoices" -H "Authorization: Bearer $TOKEN" -d amount=1 | jq "{method, target, body_bytes}"'
  refused token_missing 'curl -s "$through_envoy/v1/invoices" | jq .'
  run 'sed "s/4711/4713/" job_finished.json > finished.json; hook finished.json'
  refused session_ended 'curl -s "$through_envoy/v1/invoices" -H "Authorization: Bearer $TOKEN" | jq "{title, reason, found}"'
else
  chapter "Skipped: Envoy in front of the same door, as $(tail -1 "$why_no_envoy")"
fi

chapter "All of it is in the log, which anyone can verify with the public key alone"
for _ in $(seq 100); do
  watchword audit search state/log --where event=request --where reason=session_ended 2>/dev/null | grep -q . && break
  sleep 0.05
done
run 'watchword audit tail state/log -n 12'
run 'cp -r state/log copy; watchword audit verify copy --key state/log/verifier.key'

chapter "One byte of the copy is changed, and the verifier names the entry"
bundle=$(find copy/tile/entries -type f | sort -V | tail -1)
export bundle
run 'sed -i "s/feature/Feature/" "$bundle"'
refused log_entry_corrupt 'watchword audit verify copy --key state/log/verifier.key'
printf '\n%sThat was the main job.%s ./dev run leaves a gate running to play with; docs/gitlab.md leads to a project of yours.\n' "$bold" "$plain"
