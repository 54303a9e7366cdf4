#include "access/dpop.h"

#include <algorithm>

#include "base/encoding.h"
#include "base/json.h"
#include "base/secret.h"
#include "base/text.h"
#include "crypto/digest.h"
#include "http/uri.h"
#include "jose/jwk.h"
#include "jose/jwt.h"

namespace watchword::access {
namespace {

constexpr std::size_t kMaxJti = 256;
constexpr auto kSweepEvery = std::chrono::seconds(1);

std::unexpected<Error> invalid(std::string found, std::string expected) {
  return fail(Reason::dpop_invalid, std::move(found), std::move(expected));
}

// RFC 9449 4.3: htu without query and fragment, compared after normalising scheme, host, port and an empty path.
bool same_url(std::string_view claimed, std::string_view actual) {
  auto a = http::parse_url(claimed.substr(0, claimed.find_first_of("?#")));
  auto b = http::parse_url(actual);
  return a && b && a->scheme == b->scheme && a->host == b->host && a->port == b->port && a->path == b->path;
}

std::string digest_text(std::string_view text) { return to_base64url(crypto::sha256(text)); }

Status check_claims(const Json& claims, const DpopRequest& request, Time now, Duration age) {
  if (claims.string_or("htm", "") != request.method)
    return invalid("htm " + std::string(claims.string_or("htm", "(none)")), std::string(request.method));
  auto htu = claims.string_or("htu", "");
  if (!same_url(htu, request.url)) return invalid("htu " + std::string(htu), std::string(request.url));
  const auto* iat = claims.find_integer("iat");
  if (!iat) return invalid("no iat", "iat in whole seconds");
  if (*iat < to_unix(now - age) || *iat > to_unix(now + age))
    return invalid("iat " + std::to_string(*iat), "within " + to_string(age) + " of " + std::to_string(to_unix(now)));
  if (!request.access_token.empty() && claims.string_or("ath", "") != digest_text(request.access_token))
    return invalid("ath of another token", "ath of this access token");
  return {};
}

}  // namespace

Dpop::Dpop(Options options, Random& random) : options_(options) { random.fill(secret_); }

std::string Dpop::nonce_of_window(std::int64_t window) const {
  auto text = std::string(as_text(secret_)) + std::to_string(window);
  return digest_text(text).substr(0, 22);
}

std::string Dpop::nonce(Time now) const { return nonce_of_window(now.time_since_epoch() / options_.nonce_window); }

Result<std::string> Dpop::verify(const DpopRequest& request, Time now) {
  if (request.proof.empty()) return invalid("no DPoP header", "one DPoP proof");
  auto token = jose::UnverifiedToken::parse(request.proof);
  if (!token) return invalid(to_string(token.error()), "a signed JWT");
  if (token->typ() != "dpop+jwt") return invalid("typ " + std::string(token->typ()), "dpop+jwt");
  const auto* jwk_json = token->header().find("jwk");
  if (!jwk_json) return invalid("no jwk in the header", "the public key");
  auto jwk = jose::parse_jwk(*jwk_json);
  if (!jwk) return invalid(to_string(jwk.error()), "a public key");
  auto thumbprint = jose::thumbprint(jwk->key);
  auto claims = jose::Verifier::verify_signature_only(*std::move(token), jwk->key);
  if (!claims) return invalid(to_string(claims.error()), "a signature by the key in the header");
  WW_CHECK(check_claims(*claims, request, now, options_.proof_age));

  if (options_.nonce_required) {
    auto window = now.time_since_epoch() / options_.nonce_window;
    auto given = claims->string_or("nonce", "");
    if (!equal_constant_time(given, nonce_of_window(window)) &&
        !equal_constant_time(given, nonce_of_window(window - 1)))
      return fail(Reason::dpop_nonce_required, given.empty() ? "no nonce" : "an old or foreign nonce",
                  "the gate's nonce");
  }
  auto jti = claims->string_or("jti", "");
  if (jti.empty() || jti.size() > kMaxJti) return invalid("no usable jti", "a unique jti of at most 256 characters");
  const auto* iat = claims->find_integer("iat");
  // iat is in whole seconds: the proof passes until its second is over.
  WW_CHECK(remember(thumbprint, jti, from_unix(*iat + 1) + options_.proof_age, now));
  return thumbprint;
}

void Dpop::sweep(Time now) {
  std::erase_if(seen_, [&](const auto& kept) {
    if (now <= kept.second) return false;
    forgotten_ = std::max(forgotten_, kept.second);
    auto used = used_by_key_.find(kept.first.substr(0, kept.first.find(' ')));
    if (used != used_by_key_.end() && --used->second == 0) used_by_key_.erase(used);
    return true;
  });
  next_sweep_ = now + kSweepEvery;
}

Status Dpop::remember(const std::string& thumbprint, std::string_view jti, Time until, Time now) {
  auto key = thumbprint + " " + std::string(jti);
  std::lock_guard lock(mutex_);
  if (now >= next_sweep_ || now + kSweepEvery < next_sweep_) sweep(now);
  // Only after the clock was set back: then a proof that was forgotten would pass once more.
  if (until <= forgotten_) return invalid("an iat from before the clock was set back", "a new proof");
  if (seen_.contains(key)) return fail(Reason::dpop_replayed, "a jti seen before", "a new proof for each request");
  // A share for each key, so that one job cannot use up what all need.
  auto used = used_by_key_.find(thumbprint);
  bool spent = used != used_by_key_.end() && used->second >= options_.replay_capacity_of_key;
  if (spent || seen_.size() >= options_.replay_capacity)
    return fail(Reason::overloaded, "too many proofs in a short time", "fewer requests with this key");
  ++used_by_key_[thumbprint];
  seen_.emplace(std::move(key), until);
  return {};
}

}  // namespace watchword::access
