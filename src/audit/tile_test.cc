#include "audit/tile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "audit/tile_tree.h"

namespace watchword::audit {
namespace {

using ::testing::ElementsAre;

TEST(Tile, PathsAreThoseOfTlogTiles) {
  EXPECT_EQ(tile_path(0, 0), "tile/0/000");
  EXPECT_EQ(tile_path(1, 1234067), "tile/1/x001/x234/067");  // the specification's example
  EXPECT_EQ(tile_path(0, 273, 112), "tile/0/273.p/112");
  EXPECT_EQ(tile_path(63, 1000), "tile/63/x001/000");
  EXPECT_EQ(bundle_path(999), "tile/entries/999");
  EXPECT_EQ(bundle_path(1000, 1), "tile/entries/x001/000.p/1");
}

TEST(Tile, PartialWidthsAreThoseOfTlogTiles) {
  // "273 full level 0 tiles, one partial of width 112, one full level 1 tile, partial ones of width 17 and 1"
  EXPECT_EQ(partial_width(0, 70'000), 112u);
  EXPECT_EQ(partial_width(1, 70'000), 17u);
  EXPECT_EQ(partial_width(2, 70'000), 1u);
  EXPECT_EQ(partial_width(3, 70'000), 0u);
  EXPECT_EQ(partial_width(0, 256), 0u);
  EXPECT_EQ(partial_width(1, 256), 1u);
  EXPECT_EQ(partial_width(7, ~std::uint64_t{0}), 255u);
}

TEST(Tile, HashesComeBack) {
  const std::vector<Hash> hashes{leaf_hash("a"), leaf_hash("b")};
  EXPECT_EQ(encode_tile(hashes).size(), 64u);
  EXPECT_EQ(decode_tile(encode_tile(hashes)).value(), hashes);
  for (const std::size_t size : {0u, 31u, 33u, 257u * 32})
    EXPECT_EQ(decode_tile(std::string(size, 'x')).error().reason, Reason::log_tile_corrupt) << size;
}

TEST(Tile, EntriesComeBack) {
  const std::string longest(65535, 'x');
  const std::string bundle = encode_bundle({"a", "", longest});
  EXPECT_EQ(bundle.substr(0, 5), std::string("\0\1a\0\0", 5));
  EXPECT_THAT(decode_bundle(bundle).value(), ElementsAre("a", "", longest));
  EXPECT_TRUE(decode_bundle("").value().empty());
}

TEST(Tile, BundlesThatAreCutOrTooLongAreRefusedByEntry) {
  const std::string bundle = encode_bundle({"abc", "def"});
  for (std::size_t size = 0; size < bundle.size(); ++size) {
    const auto decoded = decode_bundle(std::string_view(bundle).substr(0, size));
    if (size == 0 || size == 5) continue;  // whole entries
    ASSERT_FALSE(decoded.has_value()) << size;
    EXPECT_EQ(decoded.error().reason, Reason::log_entry_corrupt);
    EXPECT_EQ(decoded.error().where, size < 5 ? "entry 0 of the bundle" : "entry 1 of the bundle");
  }
  EXPECT_FALSE(decode_bundle(encode_bundle(std::vector<std::string>(257, "x"))).has_value());
}

// Keeps every tile that a tree of each size would publish.
class Tiles {
 public:
  void grow_to(std::uint64_t size) {
    for (std::uint64_t i = tree_.size(); i < size; ++i)
      ASSERT_TRUE(
          tree_.append(leaf_hash(std::to_string(i)), [this](unsigned level, std::uint64_t index, const auto& tile) {
            tiles_[{level, index}] = tile;
            return Status();
          }));
    for (unsigned level = 0; level < kTileLevels; ++level)
      if (!tree_.partial(level).empty()) tiles_[{level, size >> 8 * level >> 8}] = tree_.partial(level);
  }
  TileReader reader() const {
    return [this](unsigned level, std::uint64_t index, unsigned width) -> Result<std::vector<Hash>> {
      auto tile = tiles_.at({level, index});
      if (tile.size() < width) return fail(Reason::log_incomplete);
      tile.resize(width);
      return tile;
    };
  }
  const TileTree& tree() const { return tree_; }
  std::size_t count() const { return tiles_.size(); }

 private:
  TileTree tree_;
  std::map<std::pair<unsigned, std::uint64_t>, std::vector<Hash>> tiles_;
};

TEST(TileTree, HasTheTilesAndTheRootOfTheTree) {
  Tiles tiles;
  Frontier frontier;
  for (const std::uint64_t size : {0u, 1u, 255u, 256u, 257u, 512u, 600u, 65'535u, 65'536u, 70'000u}) {
    while (frontier.size() < size) frontier.append(leaf_hash(std::to_string(frontier.size())));
    tiles.grow_to(size);
    EXPECT_EQ(tiles.tree().root(), frontier.root()) << size;
    const auto loaded = TileTree::load(size, tiles.reader());
    ASSERT_TRUE(loaded.has_value()) << size;
    EXPECT_EQ(loaded->root(), frontier.root()) << size;
    EXPECT_EQ(loaded->size(), size);
  }
  EXPECT_EQ(tiles.count(), 274u + 2 + 1) << "70,000 entries, as the specification counts";
}

TEST(TileTree, ProofsCanBeMadeFromTiles) {
  Tiles tiles;
  tiles.grow_to(70'000);
  const auto nodes = nodes_of_tiles(70'000, tiles.reader());
  for (const std::uint64_t leaf : {0u, 255u, 256u, 65'535u, 65'536u, 69'887u, 69'888u, 69'999u}) {
    const auto proof = inclusion_proof(leaf, 70'000, nodes).value();
    EXPECT_TRUE(verify_inclusion(leaf_hash(std::to_string(leaf)), leaf, 70'000, proof, tiles.tree().root())) << leaf;
  }
  Tiles earlier;
  for (const std::uint64_t size : {1u, 256u, 600u, 65'536u, 65'537u, 69'999u}) {
    earlier.grow_to(size);
    const auto proof = consistency_proof(size, 70'000, nodes).value();
    EXPECT_TRUE(verify_consistency(size, earlier.tree().root(), 70'000, tiles.tree().root(), proof)) << size;
  }
}

}  // namespace
}  // namespace watchword::audit
