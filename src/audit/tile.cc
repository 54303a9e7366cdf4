#include "audit/tile.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace watchword::audit {
namespace {

constexpr std::size_t kMaxEntry = 65535;

std::string path_of(const std::string& kind, std::uint64_t index, unsigned width) {
  std::string number = fmt::format("{:03}", index % 1000);
  for (index /= 1000; index > 0; index /= 1000) number = fmt::format("x{:03}/{}", index % 1000, number);
  const std::string suffix = width == kTileWidth ? "" : fmt::format(".p/{}", width);
  return "tile/" + kind + "/" + number + suffix;
}

}  // namespace

std::string tile_path(unsigned level, std::uint64_t index, unsigned width) {
  return path_of(std::to_string(level), index, width);
}

std::string bundle_path(std::uint64_t index, unsigned width) { return path_of("entries", index, width); }

unsigned partial_width(unsigned level, std::uint64_t size) {
  return level < kTileLevels ? static_cast<unsigned>(size >> 8 * level & 0xff) : 0;
}

std::string encode_tile(const std::vector<Hash>& hashes) {
  std::string out;
  out.reserve(hashes.size() * sizeof(Hash));
  for (const Hash& hash : hashes) out += as_text(hash);
  return out;
}

Result<std::vector<Hash>> decode_tile(std::string_view bytes) {
  const std::size_t width = bytes.size() / sizeof(Hash);
  if (bytes.size() % sizeof(Hash) != 0 || width < 1 || width > kTileWidth)
    return fail(Reason::log_tile_corrupt, fmt::format("{} bytes", bytes.size()), "1 to 256 hashes of 32 bytes");
  std::vector<Hash> hashes(width);
  std::memcpy(hashes.data(), bytes.data(), bytes.size());
  return hashes;
}

void append_to_bundle(std::string& bundle, std::string_view entry) {
  const std::size_t size = std::min(entry.size(), kMaxEntry);
  bundle += static_cast<char>(size >> 8);
  bundle += static_cast<char>(size & 0xff);
  bundle += entry.substr(0, size);
}

std::string encode_bundle(const std::vector<std::string>& entries) {
  std::string out;
  for (const auto& entry : entries) append_to_bundle(out, entry);
  return out;
}

std::optional<std::string_view> take_entry(std::string_view& bundle) {
  if (bundle.size() < 2) return std::nullopt;
  const auto byte = [&](std::size_t at) { return std::size_t{static_cast<unsigned char>(bundle[at])}; };
  const std::size_t size = byte(0) << 8 | byte(1);
  if (bundle.size() - 2 < size) return std::nullopt;
  const std::string_view entry = bundle.substr(2, size);
  bundle.remove_prefix(2 + size);
  return entry;
}

Result<std::vector<std::string_view>> decode_bundle(std::string_view bytes) {
  std::vector<std::string_view> entries;
  while (!bytes.empty()) {
    const auto entry = take_entry(bytes);
    if (!entry || entries.size() == kTileWidth)
      return fail(Reason::log_entry_corrupt, entry ? "more than 256 entries" : "a cut entry",
                  "at most 256 whole entries", fmt::format("entry {} of the bundle", entries.size()));
    entries.push_back(*entry);
  }
  return entries;
}

Hash node_in_tile(const std::vector<Hash>& tile, unsigned level, std::uint64_t index) {
  const auto first = tile.begin() + static_cast<std::ptrdiff_t>(index << level);
  std::vector<Hash> row(first, first + (std::ptrdiff_t{1} << level));
  for (; row.size() > 1; row.resize(row.size() / 2))
    for (std::size_t i = 0; i < row.size() / 2; ++i) row[i] = node_hash(row[2 * i], row[2 * i + 1]);
  return row.front();
}

// Tile level L holds the nodes of levels 8 L; the seven levels above are hashed from them.
NodeReader nodes_of_tiles(std::uint64_t size, TileReader read) {
  return [size, read = std::move(read)](unsigned level, std::uint64_t index) -> Result<Hash> {
    const unsigned tile_level = level / 8, inner_level = level % 8;
    const std::uint64_t first = index << inner_level;  // hash of the tile level that the node begins with
    const std::uint64_t tile = first / kTileWidth;
    const std::uint64_t all = size >> 8 * tile_level;
    const auto width = static_cast<unsigned>(std::min<std::uint64_t>(kTileWidth, all - tile * kTileWidth));
    WW_TRY(const std::vector<Hash> hashes, read(tile_level, tile, width));
    return node_in_tile(hashes, inner_level, (first % kTileWidth) >> inner_level);
  };
}

}  // namespace watchword::audit
