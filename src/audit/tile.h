// Paths and formats of C2SP tlog-tiles: tiles of 256 hashes, entry bundles of 256 entries.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "audit/merkle.h"
#include "base/result.h"

namespace watchword::audit {

inline constexpr std::uint64_t kTileWidth = 256;

// Levels 0 to 7 have tiles: 8 levels of 8 bits are all of a 64-bit size. Widths are 1 to 256; less than 256 is partial.
inline constexpr unsigned kTileLevels = 8;

std::string tile_path(unsigned level, std::uint64_t index, unsigned width = kTileWidth);  // tile/0/x001/234[.p/5]
std::string bundle_path(std::uint64_t index, unsigned width = kTileWidth);                // tile/entries/000[.p/5]
// Hashes in the rightmost tile of this level in a tree of this size, 0 to 255; the tiles before it are full.
unsigned partial_width(unsigned level, std::uint64_t size);

std::string encode_tile(const std::vector<Hash>& hashes);
Result<std::vector<Hash>> decode_tile(std::string_view bytes);       // log_tile_corrupt; 1 to 256 hashes
std::string encode_bundle(const std::vector<std::string>& entries);  // uint16 length, entry; at most 65535 bytes each
Result<std::vector<std::string_view>> decode_bundle(std::string_view bytes);  // log_entry_corrupt; views into `bytes`
void append_to_bundle(std::string& bundle, std::string_view entry);
// Takes the next entry off `bundle`; none, and nothing taken, when what is left does not hold a whole one.
std::optional<std::string_view> take_entry(std::string_view& bundle);

// The node of the tree that a tile's hashes [index, index + 2^level) make, for level 0 to 8.
Hash node_in_tile(const std::vector<Hash>& tile, unsigned level, std::uint64_t index);
// Reads a tile of exactly this width (or the first `width` hashes of a fuller one).
using TileReader = std::function<Result<std::vector<Hash>>(unsigned level, std::uint64_t index, unsigned width)>;
// The nodes of a tree of this size, out of its tiles. One tile is read per node; keep what `read` returns to save more.
NodeReader nodes_of_tiles(std::uint64_t size, TileReader read);

}  // namespace watchword::audit
