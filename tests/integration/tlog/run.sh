#!/bin/sh
# Verifies a published log with the Go project's implementation: run.sh DIRECTORY VERIFIER-KEY [EARLIER-CHECKPOINT]
set -eu
directory=$(realpath "$1")
key=$2
earlier=${3:+$(realpath "$3")}
cd "$(dirname "$0")"
exec go run . ${earlier:+-earlier "$earlier"} "$directory" "$key"
