// C2SP tlog-checkpoint in a C2SP signed-note: "origin\nsize\nroot\n\n- name signature\n", Ed25519.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "audit/merkle.h"
#include "base/result.h"
#include "crypto/key.h"

namespace watchword::audit {

struct Checkpoint {
  std::string origin;  // the log's name, such as gate.acme.dev/log
  std::uint64_t size = 0;
  Hash root{};
};

// The signed-note verifier key "name+keyid+base64(0x01 || public key)": what auditors keep.
std::string verifier_key(std::string_view name, const crypto::PublicKey& key);

class CheckpointVerifier {
 public:
  static Result<CheckpointVerifier> from_verifier_key(std::string_view text);
  // log_checkpoint_invalid. Unknown signatures beside ours are ignored, as signed-note says. The origin must be the
  // key's name: one key does not vouch for another log.
  Result<Checkpoint> open(std::string_view note) const;
  const std::string& name() const { return name_; }

 private:
  CheckpointVerifier(std::string name, std::uint32_t id, crypto::PublicKey key)
      : name_(std::move(name)), id_(id), key_(std::move(key)) {}
  std::string name_;
  std::uint32_t id_;
  crypto::PublicKey key_;
};

// What a checkpoint says, whoever signed it. Only to find one's way in a directory that is verified elsewhere.
Result<Checkpoint> read_unverified(std::string_view note);
// key_invalid unless the key is Ed25519; config_invalid when the origin cannot be a key's name (no spaces, no plus).
Result<std::string> sign_checkpoint(const Checkpoint& checkpoint, const crypto::PrivateKey& key);

}  // namespace watchword::audit
