// Hostile tokens: what parses has one form only, and no token but the two below verifies under their keys.
#include <cstdlib>

#include "base/encoding.h"
#include "base/text.h"
#include "jose/jws.h"
#include "jose/jwt.h"

namespace {

using namespace watchword;

struct Known {
  crypto::PublicKey key;
  std::string signed_part;  // an ECDSA signature has a second form (r, n - s), so only what is signed is compared
};

Known rfc7515_a3() {
  const Json key = parse_json(R"({"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
                                  "y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"})")
                       .value();
  return {jose::parse_jwk(key).value().key,
          "eyJhbGciOiJFUzI1NiJ9."
          "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"};
}

// corpus/jws/ed25519 is its token.
Known ed25519() {
  const auto key = crypto::PrivateKey::from_ed25519_seed(Bytes(32, 7)).value();
  const std::string token = jose::sign_jws(key, crypto::Algorithm::eddsa, {"JWT", "key-1"}, R"({"iss":"joe"})").value();
  return {key.public_key(), token.substr(0, token.rfind('.'))};
}

void check_single_form(std::string_view compact) {
  const auto parts = split(compact, '.');
  if (parts.size() != 3) std::abort();
  for (const std::string_view part : parts)
    if (to_base64url(as_bytes(from_base64url(part).value())) != part) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Known known[] = {rfc7515_a3(), ed25519()};
  const std::string_view compact = as_text({data, size});
  if (!jose::UnverifiedToken::parse(compact)) return 0;
  check_single_form(compact);
  for (const Known& good : known) {
    auto token = jose::UnverifiedToken::parse(compact).value();
    if (jose::Verifier::verify_signature_only(std::move(token), good.key) &&
        compact.substr(0, compact.rfind('.')) != good.signed_part)
      std::abort();
  }
  return 0;
}
