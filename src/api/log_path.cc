#include "api/log_path.h"

#include <cstdint>
#include <optional>
#include <string>

#include "audit/tile.h"

namespace watchword::api {
namespace {

constexpr std::size_t kMaxPath = 64;
constexpr unsigned kMaxLevel = 63;

// Decimal digits only; the canonical spelling is checked by writing the path again.
std::optional<std::uint64_t> number(std::string_view text, std::uint64_t most) {
  if (text.empty() || text.size() > 3) return std::nullopt;
  std::uint64_t value = 0;
  for (char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return value <= most ? std::optional(value) : std::nullopt;
}

// "x001/x234/067" is 1234067.
std::optional<std::uint64_t> tile_index(std::string_view text) {
  std::uint64_t index = 0;
  while (true) {
    auto slash = text.find('/');
    auto group = text.substr(0, slash);
    bool last = slash == std::string_view::npos;
    if (!last) {
      if (!group.starts_with('x')) return std::nullopt;
      group.remove_prefix(1);
    }
    auto value = number(group, 999);
    if (!value || index > (UINT64_MAX - 999) / 1000) return std::nullopt;
    index = index * 1000 + *value;
    if (last) return index;
    text.remove_prefix(slash + 1);
  }
}

bool is_tile(std::string_view path) {
  constexpr std::string_view kTile = "tile/", kPart = ".p/";
  if (!path.starts_with(kTile)) return false;
  auto rest = path.substr(kTile.size());
  auto slash = rest.find('/');
  if (slash == std::string_view::npos) return false;
  auto level_text = rest.substr(0, slash);
  rest.remove_prefix(slash + 1);

  std::optional<std::uint64_t> width = audit::kTileWidth;
  if (auto part = rest.find(kPart); part != std::string_view::npos) {
    width = number(rest.substr(part + kPart.size()), audit::kTileWidth - 1);
    rest = rest.substr(0, part);
  }
  auto index = tile_index(rest);
  if (!width || *width == 0 || !index) return false;
  if (level_text == "entries") return path == audit::bundle_path(*index, static_cast<unsigned>(*width));
  auto level = number(level_text, kMaxLevel);
  return level && path == audit::tile_path(static_cast<unsigned>(*level), *index, static_cast<unsigned>(*width));
}

}  // namespace

LogFile log_file_of(std::string_view path) {
  if (path.size() > kMaxPath) return LogFile::none;
  if (path == "checkpoint") return LogFile::checkpoint;
  if (path == "verifier.key") return LogFile::verifier_key;
  return is_tile(path) ? LogFile::tile : LogFile::none;
}

}  // namespace watchword::api
