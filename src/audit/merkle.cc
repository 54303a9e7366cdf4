#include "audit/merkle.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <string>

namespace watchword::audit {
namespace {

std::unexpected<Error> inconsistent(std::string found, std::string expected) {
  return fail(Reason::log_inconsistent, std::move(found), std::move(expected));
}

Status expect(const Hash& found, const Hash& expected) {
  if (found == expected) return {};
  return inconsistent(to_hex(found), to_hex(expected));
}

// MTH(D[begin : begin + size]) of RFC 6962 2.1, where `begin` is a multiple of the smallest power of two that is not
// less than `size`. The complete subtrees it consists of are joined from the right, smallest first.
Result<Hash> range_root(std::uint64_t begin, std::uint64_t size, const NodeReader& nodes) {
  if (size == 0) return empty_root();
  const auto subtree = [&](unsigned level) { return nodes(level, (begin >> level) + (size >> level) - 1); };
  auto level = static_cast<unsigned>(std::countr_zero(size));
  WW_TRY(Hash hash, subtree(level));
  while (++level < 64) {
    if ((size >> level & 1) == 0) continue;
    WW_TRY(const Hash left, subtree(level));
    hash = node_hash(left, hash);
  }
  return hash;
}

// Takes the hashes of a proof one after another.
class Proof {
 public:
  explicit Proof(const std::vector<Hash>& hashes) : hashes_(hashes) {}
  bool empty() const { return next_ == hashes_.size(); }
  const Hash& take() { return hashes_[next_++]; }

 private:
  const std::vector<Hash>& hashes_;
  std::size_t next_ = 0;
};

}  // namespace

Hash leaf_hash(std::string_view entry) {
  thread_local std::string prefixed;
  prefixed.assign(1, '\0').append(entry);
  return crypto::sha256(prefixed);
}

Hash node_hash(const Hash& left, const Hash& right) {
  std::array<std::uint8_t, 65> bytes;
  bytes[0] = 1;
  std::memcpy(bytes.data() + 1, left.data(), left.size());
  std::memcpy(bytes.data() + 33, right.data(), right.size());
  return crypto::sha256(bytes);
}

Hash empty_root() { return crypto::sha256(std::string_view()); }

Result<Hash> root(std::uint64_t size, const NodeReader& nodes) { return range_root(0, size, nodes); }

// RFC 6962 2.1.1, from the root down; the proof is listed from the leaf up.
Result<std::vector<Hash>> inclusion_proof(std::uint64_t leaf, std::uint64_t size, const NodeReader& nodes) {
  if (leaf >= size) return inconsistent("entry " + std::to_string(leaf), "less than " + std::to_string(size));
  std::vector<Hash> proof;
  for (std::uint64_t begin = 0; size > 1;) {
    const std::uint64_t left = std::bit_floor(size - 1);
    const bool go_left = leaf - begin < left;
    WW_TRY(const Hash sibling, go_left ? range_root(begin + left, size - left, nodes) : range_root(begin, left, nodes));
    proof.push_back(sibling);
    begin = go_left ? begin : begin + left;
    size = go_left ? left : size - left;
  }
  std::ranges::reverse(proof);
  return proof;
}

// RFC 6962 2.1.2, SUBPROOF, from the root down.
Result<std::vector<Hash>> consistency_proof(std::uint64_t old_size, std::uint64_t size, const NodeReader& nodes) {
  if (old_size > size)
    return inconsistent("size " + std::to_string(size), "at least the earlier size " + std::to_string(old_size));
  std::vector<Hash> proof;
  if (old_size == 0) return proof;
  std::uint64_t begin = 0;
  bool old_root_known = true;  // the old tree is the left part throughout, and so is not in the proof
  while (old_size != size) {
    const std::uint64_t left = std::bit_floor(size - 1);
    const bool go_left = old_size <= left;
    WW_TRY(const Hash sibling, go_left ? range_root(begin + left, size - left, nodes) : range_root(begin, left, nodes));
    proof.push_back(sibling);
    if (!go_left) {
      begin += left;
      old_size -= left;
      old_root_known = false;
    }
    size = go_left ? left : size - left;
  }
  if (!old_root_known) {
    WW_TRY(const Hash hash, range_root(begin, size, nodes));
    proof.push_back(hash);
  }
  std::ranges::reverse(proof);
  return proof;
}

// RFC 9162 2.1.3.2, which says for RFC 6962's proofs how to check them.
Status verify_inclusion(const Hash& leaf, std::uint64_t index, std::uint64_t size, const std::vector<Hash>& proof,
                        const Hash& root) {
  if (index >= size) return inconsistent("entry " + std::to_string(index), "less than " + std::to_string(size));
  std::uint64_t node = index, last = size - 1;
  Hash hash = leaf;
  for (const Hash& sibling : proof) {
    if (last == 0) return inconsistent("a proof that is too long", {});
    if ((node & 1) == 1 || node == last) {
      hash = node_hash(sibling, hash);
      const int skip = (node & 1) == 1 ? 0 : std::countr_zero(node);  // node == last > 0: not all bits are zero
      node >>= skip, last >>= skip;
    } else {
      hash = node_hash(hash, sibling);
    }
    node >>= 1, last >>= 1;
  }
  if (last != 0) return inconsistent("a proof that is too short", {});
  return expect(hash, root);
}

// RFC 9162 2.1.4.2.
Status verify_consistency(std::uint64_t old_size, const Hash& old_root, std::uint64_t size, const Hash& root,
                          const std::vector<Hash>& proof) {
  if (old_size > size)
    return inconsistent("size " + std::to_string(size), "at least the earlier size " + std::to_string(old_size));
  if (old_size == size || old_size == 0) {
    if (!proof.empty()) return inconsistent("a proof that is too long", {});
    return old_size == 0 ? expect(old_root, empty_root()) : expect(root, old_root);
  }
  Proof hashes(proof);
  std::uint64_t node = old_size - 1, last = size - 1;
  const int skip = std::countr_one(node);
  node >>= skip, last >>= skip;
  if (hashes.empty()) return inconsistent("a proof that is too short", {});
  Hash old_hash = std::has_single_bit(old_size) ? old_root : hashes.take();
  Hash hash = old_hash;
  for (; !hashes.empty(); node >>= 1, last >>= 1) {
    if (last == 0) return inconsistent("a proof that is too long", {});
    const Hash& sibling = hashes.take();
    if ((node & 1) == 1 || node == last) {
      old_hash = node_hash(sibling, old_hash);
      hash = node_hash(sibling, hash);
      const int zeros = (node & 1) == 1 ? 0 : std::countr_zero(node);
      node >>= zeros, last >>= zeros;
    } else {
      hash = node_hash(hash, sibling);
    }
  }
  if (last != 0) return inconsistent("a proof that is too short", {});
  WW_CHECK(expect(old_hash, old_root));
  return expect(hash, root);
}

Result<Frontier> Frontier::at(std::uint64_t size, const NodeReader& nodes) {
  Frontier frontier;
  frontier.size_ = size;
  for (unsigned level = 64; level-- > 0;) {
    if ((size >> level & 1) == 0) continue;
    WW_TRY(const Hash peak, nodes(level, (size >> level) - 1));
    frontier.peaks_.push_back(peak);
  }
  return frontier;
}

Hash Frontier::root() const {
  if (peaks_.empty()) return empty_root();
  Hash hash = peaks_.back();
  for (std::size_t i = peaks_.size() - 1; i-- > 0;) hash = node_hash(peaks_[i], hash);
  return hash;
}

}  // namespace watchword::audit
