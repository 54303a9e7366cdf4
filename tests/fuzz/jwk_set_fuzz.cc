// Hostile key sets: whatever is taken is a sound key that is found by its kid and survives being written and read.
#include <cstdlib>

#include "base/encoding.h"
#include "jose/jwk.h"

namespace {

using namespace watchword;

crypto::Algorithm some_algorithm(const jose::Jwk& jwk) {
  using enum crypto::Algorithm;
  for (const auto algorithm : {rs256, es256, es384, es512, eddsa})
    if (crypto::fits(algorithm, jwk.key.type())) return jwk.algorithm.value_or(algorithm);
  std::abort();
}

void check(const jose::KeySet& keys, const jose::Jwk& jwk) {
  if (!jwk.kid.empty() && keys.find(jwk.kid) != &jwk) std::abort();
  if (jwk.key.type() == crypto::KeyType::rsa && (jwk.key.bits() < 2048 || jwk.key.bits() > 8192)) std::abort();
  const crypto::Algorithm algorithm = some_algorithm(jwk);
  if (!crypto::fits(algorithm, jwk.key.type())) std::abort();
  const auto copy = jose::parse_jwk(jose::to_json(jwk.key, jwk.kid, algorithm));
  if (!copy || copy->kid != jwk.kid || jose::thumbprint(copy->key) != jose::thumbprint(jwk.key)) std::abort();
  if (jwk.key.verify(algorithm, "message", Bytes(64))) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto keys = jose::KeySet::parse(as_text({data, size}), 20);
  if (!keys) return 0;
  if (keys->keys().size() + keys->skipped() > 20) std::abort();
  for (const jose::Jwk& jwk : keys->keys()) check(*keys, jwk);
  return 0;
}
