// A job's way to its access token, and what a refusal looks like in the job's log.
#pragma once

#include "base/result.h"
#include "job/commands.h"
#include "job/gate_client.h"

namespace watchword::job {

// Asks the gate's token endpoint (RFC 8693). Any answer of the gate is a value; token_missing, gate_unreachable.
Result<Reply> exchange(const ExchangeOptions& options);

// To standard output, or with --json as it came; returns the exit code.
int print_refusal(const Reply& reply, const Output& out);

}  // namespace watchword::job
