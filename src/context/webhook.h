// Who sent a webhook: Standard Webhooks signatures (standardwebhooks.com, spec 1.0.0; GitLab's "signing token") or
// GitLab's X-Gitlab-Token. Sans-I/O.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/secret.h"
#include "context/webhook_digest.h"

namespace watchword::context {

// What authenticates an issuer's deliveries. At least one is set.
struct WebhookSecrets {
  std::vector<Secret> signing;  // decoded keys of "whsec_..."; several while one is being replaced
  std::vector<Secret> tokens;   // compared with X-Gitlab-Token in constant time
};
// A secret as the user has it: "whsec_<base64 of 24 to 64 bytes>" is a signing key, anything else a token of at least
// 16 characters. config_invalid, without quoting the secret; also for the keys of asymmetric signatures ("whpk_...",
// "whsk_..."), which GitLab does not make and this does not check.
Status add_secret(WebhookSecrets& secrets, const Secret& text);

// The headers that matter; null where absent. A header given twice must be refused by the caller.
struct WebhookHeaders {
  const std::string *id = nullptr, *timestamp = nullptr, *signature = nullptr;  // webhook-*
  const std::string* token = nullptr;                                           // X-Gitlab-Token
  const std::string *idempotency_key = nullptr, *event_uuid = nullptr;          // Idempotency-Key, X-Gitlab-Event-UUID
};

// One delivery: what its headers say is checked before anything of its body is read, and the body as it arrives.
// Nothing of the body is kept here.
//
// A signature, once sent, must hold: a token does not make up for a wrong one, nor for a missing key. Signatures of
// other versions than v1 are passed over. Without a signature, a token must be right; webhook-id and webhook-timestamp
// mean nothing then. An id is 1 to 128 ASCII letters, digits, "-" and "_" (the specification forbids a "." for the
// signature's sake); a UUID at most 63 of them.
class IncomingWebhook {
 public:
  // What `headers` point to must outlive it; `secrets` need not.
  // Errors: webhook_unauthenticated (nothing that could be right was presented: neither a v1 signature nor the token),
  // webhook_stale (said to be signed more than five minutes off; whether it is rightly signed is not known yet),
  // request_invalid (malformed headers; only what is used is looked at).
  static Result<IncomingWebhook> open(const WebhookSecrets& secrets, const WebhookHeaders& headers, Time now);

  // The headers alone vouch for the sender, by token. A signature must hold all the same, as finish() tells.
  bool vouched() const { return vouched_; }
  void add(std::string_view piece);  // of the body
  // Once, after the body. Returns the id by which a second delivery of the same event is known: the signed webhook-id,
  // else Idempotency-Key, else the body's digest, after the event's UUID where there is one (one event chain shares a
  // UUID among different events). webhook_unauthenticated: no signature fits.
  Result<std::string> finish();

 private:
  IncomingWebhook(const WebhookHeaders& headers, bool vouched) : headers_(headers), vouched_(vouched) {}

  WebhookHeaders headers_;
  bool vouched_;
  std::vector<HmacSha256> macs_;        // one for each key, where there is a signature
  std::optional<Sha256Stream> digest_;  // where the id needs it
};

}  // namespace watchword::context
