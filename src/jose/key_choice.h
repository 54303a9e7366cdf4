// Which key of a set a token is checked against. Internal to jose/: a token's jku, jwk, x5u and x5c never matter here.
#pragma once

#include <string_view>

#include "crypto/key.h"
#include "jose/jwk.h"

namespace watchword::jose {

// By kid; a token without one fits the set's only key for its algorithm. key_unknown otherwise.
Result<const Jwk*> choose_key(const KeySet& keys, std::string_view kid, crypto::Algorithm algorithm);
// algorithm_key_mismatch when the key's type, or the alg that it was published with, is another.
Status check_key_algorithm(const Jwk& key, crypto::Algorithm algorithm);

}  // namespace watchword::jose
