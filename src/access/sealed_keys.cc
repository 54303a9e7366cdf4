#include "access/sealed_keys.h"

#include <utility>

#include "jose/jwk.h"

namespace watchword::access {
namespace {

// Sealed keys are tied to their name and use: one cannot be put in another's place.
std::string sealing_context(std::string_view kid, std::string_view purpose, std::string_view algorithm) {
  return "watchword key " + std::string(purpose) + " " + std::string(algorithm) + " " + std::string(kid);
}

}  // namespace

crypto::KeyType key_type_for(crypto::Algorithm algorithm) {
  switch (algorithm) {
    case crypto::Algorithm::rs256:
    case crypto::Algorithm::rs384:
    case crypto::Algorithm::rs512:
    case crypto::Algorithm::ps256:
    case crypto::Algorithm::ps384:
    case crypto::Algorithm::ps512:
      return crypto::KeyType::rsa;
    case crypto::Algorithm::es256:
      return crypto::KeyType::p256;
    case crypto::Algorithm::es384:
      return crypto::KeyType::p384;
    case crypto::Algorithm::es512:
      return crypto::KeyType::p521;
    case crypto::Algorithm::eddsa:
      return crypto::KeyType::ed25519;
  }
  std::unreachable();
}

store::KeyRow seal_key(const crypto::PrivateKey& key, std::string_view purpose, crypto::Algorithm algorithm,
                       const crypto::SealingKey& sealing, Random& random) {
  store::KeyRow row;
  row.kid = jose::thumbprint(key.public_key());
  row.purpose = purpose;
  row.algorithm = crypto::name(algorithm);
  auto context = sealing_context(row.kid, row.purpose, row.algorithm);
  row.sealed = sealing.seal(key.pkcs8_pem().reveal(), context, random);
  return row;
}

Result<crypto::PrivateKey> unseal_key(const store::KeyRow& row, const crypto::SealingKey& sealing) {
  auto pem = sealing.open(row.sealed, sealing_context(row.kid, row.purpose, row.algorithm));
  if (!pem)
    return fail(Reason::key_invalid, "a stored key that the sealing key does not open", "the key that sealed it",
                "key " + row.kid);
  WW_TRY(auto key, crypto::PrivateKey::from_pkcs8_pem(pem->reveal()));
  if (jose::thumbprint(key.public_key()) != row.kid)
    return fail(Reason::key_invalid, "a stored key under another's kid", "the key that the kid names",
                "key " + row.kid);
  return key;
}

audit::Entry key_entry(const store::KeyRow& row, std::string_view change, std::string_view why, Time now,
                       Random& random) {
  audit::Entry entry;
  entry.id = make_ulid(now, random);
  entry.time = now;
  entry.event = audit::Event::key_changed;
  entry.outcome = audit::Outcome::allow;
  entry.why = why;
  entry.detail =
      Json::object({{"kid", row.kid}, {"purpose", row.purpose}, {"algorithm", row.algorithm}, {"change", change}});
  return entry;
}

Result<crypto::PrivateKey> log_key(store::Store& store, const crypto::SealingKey& sealing, const Clock& clock,
                                   Random& random) {
  constexpr std::string_view kPurpose = "log";
  WW_TRY(auto rows, store.keys());
  for (const auto& row : rows)
    if (row.purpose == kPurpose) return unseal_key(row, sealing);

  WW_TRY(auto key, crypto::PrivateKey::generate(crypto::KeyType::ed25519));
  auto now = clock.now();
  auto row = seal_key(key, kPurpose, crypto::Algorithm::eddsa, sealing, random);
  row.state = "active";
  row.created = row.activates = now;
  row.expires = Time::max();
  store::Batch batch;
  batch.entries.push_back(audit::to_canonical(key_entry(row, "made", "", now, random)));
  batch.changes.push_back(store::PutKey{std::move(row)});
  WW_CHECK(store.commit_and_wait(std::move(batch)));
  return key;
}

}  // namespace watchword::access
