#!/bin/sh
# A deploy script as any other: it knows a URL and no credential.
set -eu

echo "READS"
curl -s "$BILLING_API_URL/v1/invoices" | jq -c '{method, target, headers: (.headers | keys)}'

echo "WRITES, before its change is merged"
curl -s "$BILLING_API_URL/v1/invoices" -d amount=1 | jq .

echo "WAITS for the merge"
until curl -sf "$BILLING_API_URL/v1/invoices" -d amount=1 >written.json; do sleep 0.2; done
jq -c '{method, target, body_bytes}' written.json

echo "UPLOADS, row by row"
(while sleep 0.1; do echo row || exit; done) | curl -s "$BILLING_API_URL/v1/invoices" -T - | jq '{title, reason, fix}'
