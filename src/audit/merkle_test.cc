// Vectors: the eight leaves, roots and proofs of the Certificate Transparency project's RFC 6962 tests.
#include "audit/merkle.h"

#include <gtest/gtest.h>

#include "base/encoding.h"

namespace watchword::audit {
namespace {

const std::vector<std::string> kLeaves{
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"};
const std::vector<std::string> kRoots{"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
                                      "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
                                      "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
                                      "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
                                      "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
                                      "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
                                      "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
                                      "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
                                      "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};

struct Vector {
  std::uint64_t first, size;  // leaf or old size, size
  std::vector<std::string> proof;
};
const Vector kInclusion[] = {
    {0, 1, {}},
    {0,
     8,
     {"96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
      "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
      "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"}},
    {5,
     8,
     {"bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
      "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
      "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"}},
    {2, 3, {"fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"}},
    {1,
     5,
     {"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
      "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
      "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"}},
};
const Vector kConsistency[] = {
    {1, 1, {}},
    {1,
     8,
     {"96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
      "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
      "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"}},
    {6,
     8,
     {"0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
      "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
      "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"}},
    {2,
     5,
     {"5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
      "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"}},
    {6,
     7,
     {"0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
      "b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f",
      "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"}},
};

// A tree whose leaves are known, and the definition of RFC 6962 2.1, word for word.
class Tree {
 public:
  explicit Tree(std::vector<Hash> leaves) : leaves_(std::move(leaves)) {}
  Hash mth(std::uint64_t begin, std::uint64_t end) const {
    if (begin == end) return empty_root();
    if (end - begin == 1) return leaves_[begin];
    std::uint64_t k = 1;
    while (k * 2 < end - begin) k *= 2;
    return node_hash(mth(begin, begin + k), mth(begin + k, end));
  }
  NodeReader reader() const {
    return [this](unsigned level, std::uint64_t index) -> Result<Hash> {
      return mth(index << level, (index + 1) << level);
    };
  }
  const std::vector<Hash>& leaves() const { return leaves_; }

 private:
  std::vector<Hash> leaves_;
};

Tree vector_tree() {
  std::vector<Hash> leaves;
  for (const auto& hex : kLeaves) leaves.push_back(leaf_hash(*from_hex(hex)));
  return Tree(std::move(leaves));
}
Tree numbered_tree(std::uint64_t size) {
  std::vector<Hash> leaves;
  for (std::uint64_t i = 0; i < size; ++i) leaves.push_back(leaf_hash(std::to_string(i)));
  return Tree(std::move(leaves));
}
std::vector<std::string> hex(const std::vector<Hash>& hashes) {
  std::vector<std::string> out;
  for (const auto& hash : hashes) out.push_back(to_hex(hash));
  return out;
}

TEST(Merkle, HasTheRootsOfThePublishedVectors) {
  const Tree tree = vector_tree();
  Frontier frontier;
  for (std::uint64_t size = 0; size <= 8; ++size) {
    EXPECT_EQ(to_hex(root(size, tree.reader()).value()), kRoots[size]);
    EXPECT_EQ(to_hex(frontier.root()), kRoots[size]);
    EXPECT_EQ(to_hex(Frontier::at(size, tree.reader())->root()), kRoots[size]);
    if (size < 8) frontier.append(tree.leaves()[size]);
  }
}

TEST(Merkle, HasTheProofsOfThePublishedVectors) {
  const Tree tree = vector_tree();
  for (const auto& [leaf, size, proof] : kInclusion)
    EXPECT_EQ(hex(inclusion_proof(leaf, size, tree.reader()).value()), proof) << leaf << " in " << size;
  for (const auto& [old_size, size, proof] : kConsistency)
    EXPECT_EQ(hex(consistency_proof(old_size, size, tree.reader()).value()), proof) << old_size << " to " << size;
}

TEST(Merkle, ProvesEveryEntryOfEveryTreeAndNoOther) {
  const Tree tree = numbered_tree(70);
  for (std::uint64_t size = 1; size <= 70; ++size) {
    const Hash top = tree.mth(0, size);
    for (std::uint64_t leaf = 0; leaf < size; ++leaf) {
      auto proof = inclusion_proof(leaf, size, tree.reader()).value();
      const auto holds = [&](std::uint64_t at, std::uint64_t in) {
        return verify_inclusion(tree.leaves()[leaf], at, in, proof, top).has_value();
      };
      ASSERT_TRUE(holds(leaf, size)) << leaf << " in " << size;
      ASSERT_FALSE(holds(leaf + 1, size));
      ASSERT_FALSE(holds(size, size));
      ASSERT_FALSE(verify_inclusion(leaf_hash("other"), leaf, size, proof, top).has_value());
      proof.push_back(top);
      ASSERT_FALSE(holds(leaf, size)) << "a longer proof";
      proof.resize(proof.size() - 1);
      if (proof.empty()) continue;
      proof.pop_back();
      ASSERT_FALSE(holds(leaf, size)) << "a shorter proof";
    }
  }
}

TEST(Merkle, ProvesThatEveryTreeExtendsEveryEarlierOneAndNoOther) {
  const Tree tree = numbered_tree(70);
  for (std::uint64_t size = 0; size <= 70; ++size) {
    const Hash top = tree.mth(0, size);
    for (std::uint64_t old_size = 0; old_size <= size; ++old_size) {
      auto proof = consistency_proof(old_size, size, tree.reader()).value();
      const Hash old_top = tree.mth(0, old_size);
      const auto holds = [&](const Hash& before, const Hash& after) {
        return verify_consistency(old_size, before, size, after, proof).has_value();
      };
      ASSERT_TRUE(holds(old_top, top)) << old_size << " to " << size;
      ASSERT_FALSE(holds(leaf_hash("other"), top)) << old_size << " to " << size;
      if (old_size > 0) ASSERT_FALSE(holds(old_top, leaf_hash("other"))) << old_size << " to " << size;
      proof.push_back(top);
      ASSERT_FALSE(holds(old_top, top)) << "a longer proof";
      proof.resize(proof.size() - 1);
      if (proof.empty()) continue;
      proof.pop_back();
      ASSERT_FALSE(holds(old_top, top)) << "a shorter proof";
    }
  }
  EXPECT_FALSE(verify_consistency(5, tree.mth(0, 5), 4, tree.mth(0, 4), {}).has_value()) << "the log shrank";
  EXPECT_FALSE(consistency_proof(5, 4, tree.reader()).has_value());
  EXPECT_FALSE(inclusion_proof(4, 4, tree.reader()).has_value());
}

TEST(Merkle, PassesOnThatANodeCannotBeRead) {
  const NodeReader broken = [](unsigned, std::uint64_t) -> Result<Hash> { return fail(Reason::log_incomplete); };
  EXPECT_EQ(root(5, broken).error().reason, Reason::log_incomplete);
  EXPECT_EQ(inclusion_proof(1, 5, broken).error().reason, Reason::log_incomplete);
  EXPECT_EQ(consistency_proof(3, 5, broken).error().reason, Reason::log_incomplete);
  EXPECT_EQ(Frontier::at(5, broken).error().reason, Reason::log_incomplete);
}

}  // namespace
}  // namespace watchword::audit
