// A form to the gate's API with a proof of the holder's key (RFC 9449), asked again while the gate gives no answer.
#pragma once

#include <string>

#include "base/result.h"
#include "job/access.h"
#include "job/gate_client.h"

namespace watchword::job {

struct ProvedForm {
  std::string path;
  std::string text;                // application/x-www-form-urlencoded
  std::string authorization = {};  // DPoP or Bearer, with `token`; Bearer: without a proof; empty: a proof only
  std::string token = {};
};

// On the current loop. One try is cut after `each`, and repeated once with the nonce where the gate asks for that
// (RFC 9449 8). A try without an answer, or with status 429 or 5xx, is followed by others for `retry_for`
// (job/retry.h), each announced on standard error. Every other answer is a value, as is the last one of these;
// gate_unreachable, gate_untrusted.
net::Task<Result<Reply>> post_proved(Holder& holder, ProvedForm form, Duration retry_for,
                                     net::Steady::duration each = std::chrono::seconds(10));

// Where the one in hand is stale (Nonce::stale). What fails shows at the next proof.
net::Task<void> renew_nonce(Holder& holder);

}  // namespace watchword::job
