// The RFC 6962 Merkle tree (section 2.1): hashes, roots and proofs.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "crypto/digest.h"

namespace watchword::audit {

using Hash = crypto::Sha256;

Hash leaf_hash(std::string_view entry);               // SHA-256(0x00 || entry)
Hash node_hash(const Hash& left, const Hash& right);  // SHA-256(0x01 || left || right)
Hash empty_root();                                    // SHA-256 of nothing

// Hashes of complete subtrees: (level, index) covers leaves [index << level, (index + 1) << level).
using NodeReader = std::function<Result<Hash>(unsigned level, std::uint64_t index)>;

Result<Hash> root(std::uint64_t size, const NodeReader& nodes);
Result<std::vector<Hash>> inclusion_proof(std::uint64_t leaf, std::uint64_t size, const NodeReader& nodes);
Result<std::vector<Hash>> consistency_proof(std::uint64_t old_size, std::uint64_t size, const NodeReader& nodes);
// log_inconsistent when the proof does not hold.
Status verify_inclusion(const Hash& leaf, std::uint64_t index, std::uint64_t size, const std::vector<Hash>& proof,
                        const Hash& root);
Status verify_consistency(std::uint64_t old_size, const Hash& old_root, std::uint64_t size, const Hash& root,
                          const std::vector<Hash>& proof);

// Grows one leaf at a time, in memory that is logarithmic in its size.
class Frontier {
 public:
  Frontier() = default;
  // The frontier of a tree of this size, from its nodes.
  static Result<Frontier> at(std::uint64_t size, const NodeReader& nodes);

  void append(const Hash& leaf) {
    append(leaf, [](unsigned, const Hash&) {});
  }
  // Also calls `complete(level, hash)` for each subtree that this leaf completes, itself (level 0) first.
  template <class Complete>
  void append(const Hash& leaf, Complete&& complete);
  std::uint64_t size() const { return size_; }
  Hash root() const;

 private:
  std::uint64_t size_ = 0;
  std::vector<Hash> peaks_;  // complete subtrees, largest first
};

template <class Complete>
void Frontier::append(const Hash& leaf, Complete&& complete) {
  Hash hash = leaf;
  complete(0u, hash);
  for (unsigned level = 0; (size_ >> level & 1) == 1; ++level) {
    hash = node_hash(peaks_.back(), hash);
    peaks_.pop_back();
    complete(level + 1, hash);
  }
  peaks_.push_back(hash);
  ++size_;
}

}  // namespace watchword::audit
