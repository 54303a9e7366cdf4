// A checkpoint from anywhere: parsed without harm; and no bytes but those that were signed are accepted.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "audit/checkpoint.h"

using watchword::audit::Checkpoint;
using watchword::audit::CheckpointVerifier;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto key = watchword::crypto::PrivateKey::from_ed25519_seed(watchword::Bytes(32, 7)).value();
  static const auto verifier =
      CheckpointVerifier::from_verifier_key(watchword::audit::verifier_key("gate.example.com/log", key.public_key()))
          .value();
  const std::string_view text(reinterpret_cast<const char*>(data), size);

  const auto parsed = watchword::audit::read_unverified(text);
  if (parsed && parsed->origin == verifier.name()) {
    const auto note = sign_checkpoint(*parsed, key).value();
    const auto opened = verifier.open(note);
    if (!opened || opened->size != parsed->size || opened->root != parsed->root) std::abort();
  }
  // Whoever has no key cannot make a note that opens, unless it is one of the corpus, which are of size 600.
  const auto opened = verifier.open(text);
  if (opened && (!parsed || opened->size != 600)) std::abort();

  if (const auto any = CheckpointVerifier::from_verifier_key(text); any && any->name().empty()) std::abort();
  return 0;
}
