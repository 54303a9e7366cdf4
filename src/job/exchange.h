// A job's way to its access token (RFC 8693).
#pragma once

#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "job/access.h"
#include "job/commands.h"
#include "job/gate_client.h"

namespace watchword::job {

struct Question {
  std::vector<std::string> audiences = {};
  std::string scope = {};
  bool bound = true;     // else a bearer token, of a session that is bound
  bool explain = false;  // the gate says what it evaluated
};

// Asks the gate's token endpoint, on the current loop, and again while it gives no answer. Any answer of the gate is a
// value; gate_unreachable, gate_untrusted.
net::Task<Result<Reply>> exchange(Holder& holder, Question question);

// What the gate would not do, on `stream` as text, or with --json as it came; returns the exit code. `asked`: what for,
// for the headline; may be empty.
int print_refusal(const Reply& reply, const Output& out, std::string_view asked = {}, FILE* stream = stdout);

}  // namespace watchword::job
