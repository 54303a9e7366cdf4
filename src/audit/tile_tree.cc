#include "audit/tile_tree.h"

namespace watchword::audit {

Result<TileTree> TileTree::load(std::uint64_t size, const TileReader& read) {
  TileTree tree;
  for (unsigned level = 0; level < kTileLevels; ++level) {
    const unsigned width = partial_width(level, size);
    if (width == 0) continue;
    WW_TRY(tree.edge_[level], read(level, size >> 8 * level >> 8, width));
  }
  // The peaks of the tree all lie in the partial tiles: a full one has its hash in the level above.
  const auto from_edge = [&](unsigned level, std::uint64_t, unsigned) -> Result<std::vector<Hash>> {
    return tree.edge_[level];
  };
  WW_TRY(tree.frontier_, Frontier::at(size, nodes_of_tiles(size, from_edge)));
  return tree;
}

Status TileTree::append(const Hash& leaf, const Full& full) {
  Status status;
  const std::uint64_t index = size();
  frontier_.append(leaf, [&](unsigned level, const Hash& hash) {
    if (level % 8 != 0 || !status) return;
    std::vector<Hash>& tile = edge_[level / 8];
    tile.push_back(hash);
    if (tile.size() < kTileWidth) return;
    status = full(level / 8, index >> level >> 8, tile);
    tile.clear();
  });
  return status;
}

}  // namespace watchword::audit
