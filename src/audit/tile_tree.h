// A tree that grows at its right edge, tile by tile: what the publisher writes and the verifier compares.
#pragma once

#include <array>
#include <functional>
#include <vector>

#include "audit/tile.h"

namespace watchword::audit {

// Memory: the unfinished tile of each level, at most 64 kB. Copying it is how a publisher keeps the state it can return
// to. One thread.
class TileTree {
 public:
  // Called for each tile that becomes full, lower levels first.
  using Full = std::function<Status(unsigned level, std::uint64_t index, const std::vector<Hash>& hashes)>;

  TileTree() = default;
  // The tree of this size, from the partial tiles at its edge. Their hashes are taken as they are: compare root().
  static Result<TileTree> load(std::uint64_t size, const TileReader& read);

  Status append(const Hash& leaf, const Full& full);  // the error of `full`, after which the tree is of no more use
  std::uint64_t size() const { return frontier_.size(); }
  Hash root() const { return frontier_.root(); }
  // The rightmost tile of a level: 0 to 255 hashes. Its index is size >> 8 (level + 1).
  const std::vector<Hash>& partial(unsigned level) const { return edge_[level]; }

 private:
  Frontier frontier_;
  std::array<std::vector<Hash>, kTileLevels> edge_;
};

}  // namespace watchword::audit
