#include "jose/key_choice.h"

#include <algorithm>

#include "jose/claims.h"

namespace watchword::jose {
namespace {

bool usable(const Jwk& key, crypto::Algorithm algorithm) {
  return crypto::fits(algorithm, key.key.type()) && key.algorithm.value_or(algorithm) == algorithm;
}

std::string known_kids(const KeySet& keys) {
  std::vector<std::string_view> kids;
  for (const Jwk& key : keys.keys())
    if (!key.kid.empty()) kids.push_back(key.kid);
  return kids.empty() ? "a token without kid, as the issuer publishes no kid" : listed(kids);
}

Result<const Jwk*> choose_only(const KeySet& keys, crypto::Algorithm algorithm) {
  const auto good = [&](const Jwk& key) { return usable(key, algorithm); };
  const auto first = std::ranges::find_if(keys.keys(), good);
  const std::string name(crypto::name(algorithm));
  if (first == keys.keys().end())
    return fail(Reason::key_unknown, "no kid, and no key for " + name, "a key for " + name);
  if (std::find_if(first + 1, keys.keys().end(), good) == keys.keys().end()) return &*first;
  return std::unexpected(Error{Reason::key_unknown,
                               "no kid, and several keys for " + name,
                               known_kids(keys),
                               {},
                               "have the issuer put the key's kid into the token's header"});
}

}  // namespace

Result<const Jwk*> choose_key(const KeySet& keys, std::string_view kid, crypto::Algorithm algorithm) {
  if (kid.empty()) return choose_only(keys, algorithm);
  if (const Jwk* key = keys.find(kid)) return key;
  return fail(Reason::key_unknown, "kid " + listed({&kid, 1}), known_kids(keys));
}

Status check_key_algorithm(const Jwk& key, crypto::Algorithm algorithm) {
  if (usable(key, algorithm)) return {};
  const std::string published = key.algorithm ? " for " + std::string(crypto::name(*key.algorithm)) : "";
  return fail(Reason::algorithm_key_mismatch, "alg " + std::string(crypto::name(algorithm)),
              "what fits the key: " + std::string(crypto::name(key.key.type())) + published);
}

}  // namespace watchword::jose
