#!/usr/bin/env bash
# The story in a minute, on the real binary with its embedded defaults: every line after a $ is what a person would type,
# and what follows is what it really printed.
# shellcheck disable=SC2016  # commands are shown before they are expanded
set -euo pipefail

watchword=$(realpath "$1")
here=$(realpath "$(dirname "$0")")
events=$(realpath "$here/../../examples/events")
folder=$(mktemp -d)
port=${WATCHWORD_DEMO_PORT:-18443}
gate=http://127.0.0.1:$port
issuer=http://127.0.0.1:$((port + 2))
api=http://billing.localhost:$((port + 1))
through_envoy=http://billing.localhost:$((port + 4))
export PATH="$folder/bin:$PATH"
mkdir "$folder/bin"
ln -s "$watchword" "$folder/bin/watchword"
cp "$events"/*.json "$folder"
why_no_envoy=$folder/why_no_envoy
envoy=$("$here/envoy.sh" "$(dirname "$(dirname "$watchword")")" 2>"$why_no_envoy") || envoy=
[ -z "$envoy" ] || ln -s "$envoy" "$folder/bin/envoy"
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
  grep -q "$reason" <<<"$output" || { echo "demo: this should have been refused with $reason"; exit 1; }
}

export WATCHWORD_URL=$gate WATCHWORD_CONFIG=$folder/state/watchword.yaml api issuer through_envoy
printf 'GATE %s   BILLING API %s   ISSUER (in place of GitLab) %s\n' "$gate" "$api" "$issuer"

chapter "A job on branch feature/x presents the ID token that its CI system minted"
run 'curl -s "$issuer/token?project_path=acme/billing&ref=feature/x&job_id=4711" > id_token'
run 'watchword token exchange --token-file id_token > reply.json; jq "del(.access_token)" reply.json'
run 'TOKEN=$(jq -r .access_token reply.json)'

chapter "It may read: the backend sees who calls, and never the job's credential"
run 'curl -s "$api/v1/invoices" -H "Authorization: Bearer $TOKEN" | jq "{method, target, headers: (.headers | keys)}"'

chapter "It may not write before its change is merged, and learns why and what to do"
run 'SECRET=$(watchword gitlab hook-secret --project 42)   # of this project only'
run 'hook() { curl -s "$gate/hooks/gitlab/projects/42" -H "X-Gitlab-Token: $SECRET" -d "@$1"; echo; }'
run 'hook merge_request_opened.json'
refused context_not_met 'curl -s "$api/v1/invoices" -H "Authorization: Bearer $TOKEN" -d amount=1 | jq .'

chapter "The merge event arrives: the same token may write at once"
run 'hook merge_request_merged.json'
run 'curl -sf "$api/v1/invoices" -H "Authorization: Bearer $TOKEN" -d amount=1 | jq "{method, target, body_bytes}"'

chapter "A tampered, an expired and a wrong-audience token are each refused for their own reason"
run 'sed "s/.\{8\}$/AAAAAAAA/" id_token > tampered'
refused signature_invalid 'watchword token exchange --token-file tampered'
run 'curl -s "$issuer/token?expires_in=-3600" > expired'
refused token_expired 'watchword token exchange --token-file expired'
run 'curl -s "$issuer/token?aud=https://other.example.com" > misdirected'
refused audience_mismatch 'watchword token exchange --token-file misdirected'

if [ -n "$envoy" ]; then
  chapter "The same door behind Envoy, whose configuration follows from the policy: the same token, the same reasons"
  run 'watchword envoy config --listen "127.0.0.1:${through_envoy##*:}" --admin "unix:$PWD/envoy-admin.sock" --check --output envoy.json'
  printf '%s$ envoy -c envoy.json &%s\n' "$dim" "$plain"
  envoy --disable-hot-restart --concurrency 1 --log-level error -c envoy.json >envoy.log 2>&1 &
  envoy_pid=$!
  for _ in $(seq 400); do
    kill -0 "$envoy_pid" 2>/dev/null || { cat envoy.log; exit 1; }
    curl -s "$through_envoy" >/dev/null && break
    sleep 0.05
  done
  run 'curl -sf "$through_envoy/v1/invoices" -H "Authorization: Bearer $TOKEN" -d amount=1 | jq "{method, target, body_bytes}"'
  refused token_missing 'curl -s "$through_envoy/v1/invoices" | jq .'
else
  chapter "Skipped: Envoy in front of the same door, as $(tail -1 "$why_no_envoy")"
fi

chapter "The job ends in the CI system: its access is gone at once, here in the middle of an upload"
run '(curl -s "$api/v1/invoices" -H "Authorization: Bearer $TOKEN" -T <(while sleep 0.1; do echo row; done) > upload.json; true) & sleep 1'
run 'watchword sessions list'
run 'hook job_finished.json'
run 'wait $!'
refused session_ended 'jq "{title, reason, fix}" upload.json'
refused session_ended 'curl -s "$api/v1/invoices" -H "Authorization: Bearer $TOKEN" | jq .'
[ -z "$envoy" ] || refused session_ended 'curl -s "$through_envoy/v1/invoices" -H "Authorization: Bearer $TOKEN" | jq "{title, reason, found}"'

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
printf '\n%sThat was the main job.%s ./dev run leaves a gate running to play with.\n' "$bold" "$plain"
