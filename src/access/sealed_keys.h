// Private keys on their way into the store and out of it, and the log's own key.
#pragma once

#include <string_view>

#include "audit/entry.h"
#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "crypto/aead.h"
#include "crypto/key.h"
#include "store/store.h"

namespace watchword::access {

crypto::KeyType key_type_for(crypto::Algorithm algorithm);

// kid (the thumbprint), purpose, algorithm and the sealed key; state and times are the caller's.
store::KeyRow seal_key(const crypto::PrivateKey& key, std::string_view purpose, crypto::Algorithm algorithm,
                       const crypto::SealingKey& sealing, Random& random);
Result<crypto::PrivateKey> unseal_key(const store::KeyRow& row, const crypto::SealingKey& sealing);
audit::Entry key_entry(const store::KeyRow& row, std::string_view change, std::string_view why, Time now,
                       Random& random);

// The log's Ed25519 key: made once, kept in the store beside the others.
Result<crypto::PrivateKey> log_key(store::Store& store, const crypto::SealingKey& sealing, const Clock& clock,
                                   Random& random);

}  // namespace watchword::access
