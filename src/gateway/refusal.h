// Denials as the job sees them: RFC 9457 problem+json with the reason, what you are, the rule and the fix.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "http/handler.h"

namespace watchword::gateway {

struct RefusalText {
  std::string record;   // empty when nothing could be recorded
  std::string you_are;  // empty for a caller that was not verified, who then learns no detail
  std::string role, rule;
};

// `nonce`: sent as DPoP-Nonce when not empty (RFC 9449 9).
net::Task<void> send_refusal(http::Writer& reply, const Error& error, const RefusalText& text, std::string_view nonce);

}  // namespace watchword::gateway
