#include "context/webhook.h"

#include <algorithm>
#include <charconv>

#include "base/encoding.h"
#include "base/text.h"

namespace watchword::context {
namespace {

constexpr std::string_view kKeyPrefix = "whsec_";
constexpr std::size_t kMinKey = 24, kMaxKey = 64;  // bytes, by the specification
constexpr std::size_t kMinToken = 16;
constexpr std::size_t kMaxId = 128;
constexpr std::size_t kMaxUuid = kMaxId - 1 - 64;  // leaves room for "-" and the digest
constexpr std::size_t kMaxSignatures = 4096;       // bytes of webhook-signature
constexpr std::size_t kMaxTimestamp = 12;          // digits: beyond the year 9999
constexpr std::string_view kVersion = "v1,", kDot = ".";
constexpr std::size_t kSignature = 44;  // characters of a SHA-256's base64
constexpr Duration kTolerance = std::chrono::minutes(5);

std::unexpected<Error> unauthenticated(std::string found, std::string expected) {
  return fail(Reason::webhook_unauthenticated, std::move(found), std::move(expected));
}

Status check_id(std::string_view header, const std::string& id, std::size_t longest = kMaxId) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  };
  if (!id.empty() && id.size() <= longest && std::ranges::all_of(id, allowed)) return {};
  return fail(Reason::request_invalid, std::string(header) + " of " + std::to_string(id.size()) + " characters",
              "1 to " + std::to_string(longest) + " letters, digits, '-' and '_'", std::string(header));
}

Result<Time> parse_timestamp(const std::string& text) {
  std::int64_t seconds = 0;
  const char* const end = text.data() + text.size();
  const bool digits = std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
  if (!digits || text.size() > kMaxTimestamp || std::from_chars(text.data(), end, seconds).ptr != end || text.empty())
    return fail(Reason::request_invalid, "webhook-timestamp that is no number of seconds",
                "whole seconds since 1970, in digits", "webhook-timestamp");
  return from_unix(seconds);
}

// One of them may turn out to be right.
bool has_v1_signature(std::string_view signatures) {
  return std::ranges::any_of(split(signatures, ' '), [](std::string_view sent) {
    return sent.starts_with(kVersion) && sent.size() == kVersion.size() + kSignature;
  });
}

Status check_signed(const WebhookSecrets& secrets, const WebhookHeaders& headers, Time now) {
  if (secrets.signing.empty())
    return unauthenticated("a signature, and no key to check it with", "the hook's signing token as a secret here too");
  if (headers.signature->size() > kMaxSignatures)
    return fail(Reason::request_invalid, std::to_string(headers.signature->size()) + " bytes of signatures",
                "at most " + std::to_string(kMaxSignatures), "webhook-signature");
  if (headers.id == nullptr || headers.timestamp == nullptr)
    return fail(Reason::request_invalid, "webhook-signature alone",
                "webhook-id and webhook-timestamp, which it covers, beside it", "webhook-signature");
  WW_CHECK(check_id("webhook-id", *headers.id));
  WW_TRY(const Time sent, parse_timestamp(*headers.timestamp));
  if (!has_v1_signature(*headers.signature))
    return unauthenticated("no signature of version 1", "a v1 signature under one of this issuer's keys");
  if (std::chrono::abs(now - sent) > kTolerance)
    return fail(Reason::webhook_stale, "signed at " + to_rfc3339(sent), "within five minutes of " + to_rfc3339(now));
  return {};
}

bool has_token(const WebhookSecrets& secrets, const WebhookHeaders& headers) {
  if (headers.token == nullptr) return false;
  bool right = false;
  for (const Secret& token : secrets.tokens) right |= equal_constant_time(*headers.token, token.reveal());
  return right;
}

Status check_unsigned(const WebhookHeaders& headers, bool has_token) {
  if (headers.token == nullptr) return unauthenticated("neither a signature nor a token", "one of them");
  if (!has_token) return unauthenticated("a token that is not this issuer's", "the secret of the webhook");
  if (headers.idempotency_key != nullptr) return check_id("Idempotency-Key", *headers.idempotency_key);
  if (headers.event_uuid != nullptr) return check_id("X-Gitlab-Event-UUID", *headers.event_uuid, kMaxUuid);
  return {};
}

}  // namespace

Status add_secret(WebhookSecrets& secrets, const Secret& text) {
  const std::string_view value = text.reveal();
  if (value.starts_with("whpk_") || value.starts_with("whsk_"))
    return fail(Reason::config_invalid, "the key of an asymmetric signature", "a symmetric one, such as whsec_...");
  if (value.starts_with(kKeyPrefix)) {
    std::optional<std::string> decoded = from_base64(value.substr(kKeyPrefix.size()));
    Secret key(decoded ? std::move(*decoded) : std::string());
    if (key.reveal().size() < kMinKey || key.reveal().size() > kMaxKey)
      return fail(Reason::config_invalid, "a signing key of another form", "whsec_ and the base64 of 24 to 64 bytes");
    secrets.signing.push_back(std::move(key));
    return {};
  }
  const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  if (value.size() < kMinToken || std::ranges::any_of(value, control) || trim(value) != value)
    return fail(Reason::config_invalid,
                "a token of " + std::to_string(value.size()) + " characters, or with ones that no header can carry",
                "at least 16 characters, no line breaks, no spaces around it");
  secrets.tokens.push_back(text.clone());
  return {};
}

Result<IncomingWebhook> IncomingWebhook::open(const WebhookSecrets& secrets, const WebhookHeaders& headers, Time now) {
  IncomingWebhook incoming(headers, has_token(secrets, headers));
  if (headers.signature == nullptr) {
    WW_CHECK(check_unsigned(headers, incoming.vouched()));
    if (headers.idempotency_key == nullptr) incoming.digest_.emplace();
    return incoming;
  }
  WW_CHECK(check_signed(secrets, headers, now));
  for (const Secret& key : secrets.signing) incoming.macs_.emplace_back(key);
  for (const std::string_view covered :
       {std::string_view(*headers.id), kDot, std::string_view(*headers.timestamp), kDot})
    incoming.add(covered);
  return incoming;
}

void IncomingWebhook::add(std::string_view piece) {
  for (HmacSha256& mac : macs_) mac.add(piece);
  if (digest_) digest_->add(piece);
}

Result<std::string> IncomingWebhook::finish() {
  if (headers_.signature == nullptr) {
    if (!digest_) return *headers_.idempotency_key;
    const std::string digest = to_hex(digest_->finish());
    return headers_.event_uuid == nullptr ? digest : *headers_.event_uuid + "-" + digest;
  }
  bool holds = false;
  for (HmacSha256& mac : macs_) {
    const std::string right = std::string(kVersion) + to_base64(mac.finish());
    for (const std::string_view sent : split(*headers_.signature, ' ')) holds |= equal_constant_time(sent, right);
  }
  if (!holds) return unauthenticated("no signature that fits", "a v1 signature under one of this issuer's keys");
  return *headers_.id;
}

}  // namespace watchword::context
