#!/bin/sh
# Reads what production serves; the write at the end shows that it is refused.
set -eu
curl -fsS "$BILLING_API_URL/v1/invoices"
curl -sS "$BILLING_API_URL/v1/invoices" -d amount=1
