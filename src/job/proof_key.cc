#include "job/proof_key.h"

#include <algorithm>
#include <utility>

#include "base/encoding.h"
#include "base/json.h"
#include "crypto/digest.h"
#include "crypto/hkdf.h"
#include "jose/jwk.h"
#include "jose/jws.h"

namespace watchword::job {
namespace {

// The gate takes a nonce for five minutes at least after it sent it (access/dpop.h).
constexpr auto kFreshFor = std::chrono::minutes(4);
constexpr std::size_t kMaxNonce = 256;
constexpr std::size_t kSeed = 32;
constexpr std::string_view kPurpose = "watchword DPoP key, Ed25519, version 1";

// RFC 9449 8.1: NQCHAR.
bool may_be_nonce(std::string_view text) {
  return !text.empty() && text.size() <= kMaxNonce &&
         std::ranges::all_of(text, [](char c) { return c > ' ' && c < '\x7f' && c != '"' && c != '\\'; });
}

// Behind its length, so that no two pairs of secrets are the same bytes.
Secret joined(const Secret& first, const Secret& second) {
  std::string text = std::to_string(first.reveal().size()) + ":";
  text.reserve(text.size() + first.reveal().size() + second.reveal().size());
  text += first.reveal();
  text += second.reveal();
  return Secret(std::move(text));
}

}  // namespace

void Nonce::saw(std::string_view text, Time now) {
  if (may_be_nonce(text)) value_.set(std::make_shared<const Value>(Value{std::string(text), now}));
}

std::shared_ptr<const Nonce::Value> Nonce::get() const { return value_.get(); }

bool Nonce::stale(Time now) const {
  const auto value = get();
  return !value || now - value->since > kFreshFor;
}

Result<ProofKey> ProofKey::derive(const Secret& id_token, const Secret& job_token) {
  if (id_token.empty()) return fail(Reason::token_missing, "no ID token to derive a key from", "the job's ID token");
  WW_TRY(const auto seed, crypto::hkdf_sha256(joined(id_token, job_token), {}, kPurpose, kSeed));
  WW_TRY(auto key, crypto::PrivateKey::from_ed25519_seed(as_bytes(seed.reveal())));
  auto thumbprint = jose::thumbprint(key.public_key());
  return ProofKey(std::move(key), std::move(thumbprint));
}

Result<std::string> ProofKey::proof(const ProofRequest& request, const Nonce& nonce, Time now, Random& random) const {
  const auto jwk = Json::object({{"kty", "OKP"}, {"crv", "Ed25519"}, {"x", to_base64url(key_.public_key().ed25519())}});
  auto claims = Json::object({{"jti", random_token(random)},
                              {"iat", to_unix(now)},
                              {"htm", request.method},
                              {"htu", request.url.substr(0, request.url.find_first_of("?#"))}});
  if (!request.access_token.empty()) claims.set("ath", to_base64url(crypto::sha256(request.access_token)));
  if (const auto value = nonce.get()) claims.set("nonce", value->text);
  return jose::sign_jws(key_, crypto::Algorithm::eddsa, {.typ = "dpop+jwt", .jwk = &jwk}, claims.dump());
}

}  // namespace watchword::job
