#!/bin/sh
set -eu
curl -fsS "$LEDGER_API_URL/v1/entries"
