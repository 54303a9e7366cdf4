#!/bin/sh
# Tells the billing API which commit is live. $BILLING_API_URL leads there, and nowhere else; there is no credential to leak.
set -eu
curl -fsS "$BILLING_API_URL/v1/releases" -H "content-type: application/json" -d "{\"commit\": \"$CI_COMMIT_SHA\"}"
