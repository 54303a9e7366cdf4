#include "context/webhook.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <memory>
#include <optional>
#include <ranges>

#include "base/encoding.h"
#include "base/text.h"
#include "crypto/digest.h"

namespace watchword::context {
namespace {

constexpr std::string_view kKeyPrefix = "whsec_";
constexpr std::size_t kMinKey = 24, kMaxKey = 64;  // bytes, by the specification
constexpr std::size_t kMinToken = 16;
constexpr std::size_t kMaxId = 128;
constexpr std::size_t kMaxUuid = kMaxId - 1 - 64;  // leaves room for "-" and the digest
constexpr std::size_t kMaxSignatures = 4096;       // bytes of webhook-signature
constexpr std::size_t kMaxTimestamp = 12;          // digits: beyond the year 9999
constexpr Duration kTolerance = std::chrono::minutes(5);

struct FreeMac {
  void operator()(EVP_MAC_CTX* mac) const { EVP_MAC_CTX_free(mac); }
};

// HMAC-SHA256. Fails only for want of memory or of HMAC itself, and no answer is safe without it.
crypto::Sha256 hmac(const Secret& key, std::initializer_list<std::string_view> parts) {
  static EVP_MAC* const algorithm = EVP_MAC_fetch(nullptr, "HMAC", nullptr);  // kept for the life of the process
  const std::unique_ptr<EVP_MAC_CTX, FreeMac> mac(algorithm == nullptr ? nullptr : EVP_MAC_CTX_new(algorithm));
  std::string digest = "SHA256";
  const std::array parameters{OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest.data(), 0),
                              OSSL_PARAM_construct_end()};
  const ByteView bytes = as_bytes(key.reveal());
  if (!mac || EVP_MAC_init(mac.get(), bytes.data(), bytes.size(), parameters.data()) != 1) std::abort();
  for (const ByteView part : parts | std::views::transform(as_bytes))
    if (EVP_MAC_update(mac.get(), part.data(), part.size()) != 1) std::abort();
  crypto::Sha256 out;
  std::size_t size = 0;
  if (EVP_MAC_final(mac.get(), out.data(), &size, out.size()) != 1 || size != out.size()) std::abort();
  return out;
}

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

bool signature_holds(const WebhookSecrets& secrets, const WebhookHeaders& headers, std::string_view body) {
  bool holds = false;
  for (const Secret& key : secrets.signing) {
    const std::string right = "v1," + to_base64(hmac(key, {*headers.id, ".", *headers.timestamp, ".", body}));
    for (const std::string_view sent : split(*headers.signature, ' ')) holds |= equal_constant_time(sent, right);
  }
  return holds;
}

Result<std::string> check_signed(const WebhookSecrets& secrets, const WebhookHeaders& headers, std::string_view body,
                                 Time now) {
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
  if (!signature_holds(secrets, headers, body))
    return unauthenticated("no signature that fits", "a v1 signature under one of this issuer's keys");
  if (std::chrono::abs(now - sent) > kTolerance)
    return fail(Reason::webhook_stale, "signed at " + to_rfc3339(sent), "within five minutes of " + to_rfc3339(now));
  return *headers.id;
}

Result<std::string> id_of_unsigned(const WebhookHeaders& headers, std::string_view body) {
  if (headers.idempotency_key != nullptr) {
    WW_CHECK(check_id("Idempotency-Key", *headers.idempotency_key));
    return *headers.idempotency_key;
  }
  if (headers.event_uuid == nullptr) return crypto::sha256_hex(body);
  WW_CHECK(check_id("X-Gitlab-Event-UUID", *headers.event_uuid, kMaxUuid));
  return *headers.event_uuid + "-" + crypto::sha256_hex(body);
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

Result<std::string> authenticate_webhook(const WebhookSecrets& secrets, const WebhookHeaders& headers,
                                         std::string_view body, Time now) {
  if (headers.signature != nullptr) return check_signed(secrets, headers, body, now);
  if (headers.token == nullptr) return unauthenticated("neither a signature nor a token", "one of them");
  bool right = false;
  for (const Secret& token : secrets.tokens) right |= equal_constant_time(*headers.token, token.reveal());
  if (!right) return unauthenticated("a token that is not this issuer's", "the secret of the webhook");
  return id_of_unsigned(headers, body);
}

}  // namespace watchword::context
