// Tokens that are given back (RFC 7009).
#pragma once

#include <string>
#include <vector>

#include "base/secret.h"
#include "job/access.h"
#include "net/task.h"

namespace watchword::job {

// One token, with or without the proof that it is bound to. What fails is the gate's loss, or it is down: the token
// ends by itself.
net::Task<void> give_back(Holder& holder, std::string token, bool bound);
// All at once, on the current loop, within a few seconds. The tokens are bound to the holder's key. Returns how many
// were asked for.
net::Task<std::size_t> give_back(Holder& holder, const std::vector<Secret>& tokens);

}  // namespace watchword::job
