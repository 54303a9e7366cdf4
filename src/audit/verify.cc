// The verifier reads a log once, from the first entry to the last, builds the tree from the entries and compares each
// tile with it on the way. When all do not agree, the signed root says who is wrong: see judge().
#include "audit/verify.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "audit/log_directory.h"
#include "audit/tile_tree.h"
#include "base/json.h"

namespace watchword::audit {
namespace {

std::string entry_name(std::uint64_t index) { return "entry " + std::to_string(index); }

bool is_canonical(std::string_view entry) {
  const auto parsed = parse_json(entry);
  return parsed && parsed->members() != nullptr && parsed->dump() == entry;
}

class LogVerifier {
 public:
  LogVerifier(const std::string& directory, Checkpoint checkpoint, std::optional<Checkpoint> earlier)
      : files_(directory), checkpoint_(std::move(checkpoint)), earlier_(std::move(earlier)) {}

  Result<Verified> run() {
    if (earlier_ && earlier_->size > checkpoint_.size)
      return fail(Reason::log_inconsistent, "a log of " + std::to_string(checkpoint_.size) + " entries",
                  "at least the " + std::to_string(earlier_->size) + " of the earlier checkpoint", "checkpoint");
    WW_CHECK(read_all());
    WW_CHECK(judge());
    if (earlier_ && earlier_root_ != earlier_->root)
      return fail(Reason::log_inconsistent, "root " + to_hex(earlier_root_) + " at the earlier size",
                  "root " + to_hex(earlier_->root), "earlier checkpoint");
    return Verified{checkpoint_, checkpoint_.size, tiles_, earlier_.has_value()};
  }

 private:
  // A hash in a tile, and the different one that was computed from what is below it.
  struct Mismatch {
    unsigned level = 0;
    std::uint64_t tile = 0;
    unsigned position = 0;
    std::string in_tile, computed;
  };

  void note(Mismatch mismatch) {
    if (!first_) first_ = std::move(mismatch);
  }

  Status read_all() {
    keep_earlier_root();
    for (std::uint64_t index = 0; index * kTileWidth < checkpoint_.size && !cut_; ++index) WW_CHECK(read_bundle(index));
    for (unsigned level = 1; level < kTileLevels && !cut_; ++level)
      if (const auto& partial = tree_.partial(level); !partial.empty())
        WW_CHECK(compare(level, checkpoint_.size >> 8 * level >> 8, partial));
    return {};
  }

  void keep_earlier_root() {
    if (earlier_ && tree_.size() == earlier_->size) earlier_root_ = tree_.root();
  }

  unsigned width_of(unsigned level, std::uint64_t index) const {
    const bool partial = index == checkpoint_.size >> 8 * level >> 8;
    return partial ? partial_width(level, checkpoint_.size) : unsigned{kTileWidth};
  }

  Status read_bundle(std::uint64_t index) {
    const unsigned width = width_of(0, index);
    WW_TRY(const auto bundle, files_.bundle(index, width));
    WW_TRY(const auto tile, files_.tile(0, index, width));
    ++tiles_;
    std::string_view rest = bundle.bytes;
    for (unsigned i = 0; i < width; ++i) {
      const auto entry = take_entry(rest);
      if (!entry) {
        note({0, index, i, to_hex(tile[i]), "no whole entry"});
        cut_ = true;
        return {};
      }
      WW_CHECK(check_entry(*entry, index, i, tile[i]));
    }
    if (bundle.exact && !rest.empty() && !first_)
      return fail(Reason::log_entry_corrupt, std::to_string(rest.size()) + " bytes after the last entry",
                  std::to_string(width) + " entries", bundle.path);
    return {};
  }

  Status check_entry(std::string_view entry, std::uint64_t bundle, unsigned position, const Hash& in_tile) {
    const Hash leaf = leaf_hash(entry);
    if (leaf != in_tile) note({0, bundle, position, to_hex(in_tile), to_hex(leaf)});
    if (!first_ && !is_canonical(entry))
      return fail(Reason::log_entry_corrupt, "an entry that is not canonical JSON", "canonical JSON",
                  entry_name(tree_.size()));
    WW_CHECK(tree_.append(leaf, [this](unsigned level, std::uint64_t index, const std::vector<Hash>& hashes) {
      return level == 0 ? Status() : compare(level, index, hashes);
    }));
    keep_earlier_root();
    return {};
  }

  Status compare(unsigned level, std::uint64_t index, const std::vector<Hash>& computed) {
    WW_TRY(const auto tile, files_.tile(level, index, static_cast<unsigned>(computed.size())));
    ++tiles_;
    const auto [a, b] = std::ranges::mismatch(tile, computed);
    if (a != tile.end()) note({level, index, static_cast<unsigned>(a - tile.begin()), to_hex(*a), to_hex(*b)});
    return {};
  }

  // The entries lead to the signed root: then a tile that differs is wrong. They do not: then what is below the first
  // difference is wrong, if the tile that shows it leads to the signed root. If that does not either, it is wrong.
  Status judge() const {
    const bool entries_hold = !cut_ && tree_.root() == checkpoint_.root;
    if (!first_ && entries_hold) return {};
    if (!first_)
      return fail(Reason::log_inconsistent, "entries and tiles of root " + to_hex(tree_.root()),
                  "the signed root " + to_hex(checkpoint_.root), "checkpoint");
    const auto& [level, tile, position, in_tile, computed] = *first_;
    if (entries_hold) return bad_tile(level, tile, in_tile, computed);
    WW_CHECK(lead_to_root(level, tile));
    const std::uint64_t below = tile * kTileWidth + position;
    if (level == 0) return fail(Reason::log_entry_corrupt, computed, in_tile, entry_name(below));
    return bad_tile(level - 1, below, computed, in_tile);
  }

  std::unexpected<Error> bad_tile(unsigned level, std::uint64_t index, std::string found, std::string expected) const {
    return fail(Reason::log_tile_corrupt, std::move(found), std::move(expected),
                tile_path(level, index, width_of(level, index)));
  }

  // Whether this tile follows from the signed root, by way of the tiles above it. The error names the first that does
  // not.
  Status lead_to_root(unsigned level, std::uint64_t index) const {
    const auto read = [this](unsigned l, std::uint64_t i, unsigned width) { return files_.tile(l, i, width); };
    if (index == checkpoint_.size >> 8 * level >> 8) {
      WW_TRY(const TileTree edge, TileTree::load(checkpoint_.size, read));
      if (edge.root() == checkpoint_.root) return {};
      return bad_tile(level, index, "neither entries nor tiles that lead to the signed root", to_hex(checkpoint_.root));
    }
    WW_CHECK(lead_to_root(level + 1, index / kTileWidth));
    WW_TRY(const auto parent, read(level + 1, index / kTileWidth, width_of(level + 1, index / kTileWidth)));
    WW_TRY(const auto tile, read(level, index, kTileWidth));
    const Hash root = node_in_tile(tile, 8, 0);
    if (root == parent[index % kTileWidth]) return {};
    return bad_tile(level, index, to_hex(root), to_hex(parent[index % kTileWidth]));
  }

  const LogReader files_;
  const Checkpoint checkpoint_;
  const std::optional<Checkpoint> earlier_;
  Hash earlier_root_{};
  TileTree tree_;
  std::uint64_t tiles_ = 0;
  std::optional<Mismatch> first_;
  bool cut_ = false;  // an entry could not be read, so that those behind it have no known place
};

}  // namespace

Result<Verified> verify_log(const std::string& directory, const CheckpointVerifier& key,
                            std::optional<std::string_view> earlier) {
  const auto open = [&key](std::string_view note, const char* where) {
    auto checkpoint = key.open(note);
    if (!checkpoint) checkpoint.error().where = where;
    return checkpoint;
  };
  WW_TRY(const std::string note, LogReader(directory).checkpoint());
  WW_TRY(Checkpoint checkpoint, open(note, "checkpoint"));
  std::optional<Checkpoint> kept;
  if (earlier) {
    WW_TRY(kept, open(*earlier, "earlier checkpoint"));
  }
  return LogVerifier(directory, std::move(checkpoint), std::move(kept)).run();
}

Status each_entry(const std::string& directory, std::uint64_t from,
                  const std::function<bool(std::uint64_t index, std::string_view entry)>& each) {
  const LogReader files(directory);
  WW_TRY(const std::string note, files.checkpoint());
  WW_TRY(const Checkpoint checkpoint, read_unverified(note));
  for (std::uint64_t index = from; index < checkpoint.size;) {
    const std::uint64_t begin = index / kTileWidth * kTileWidth;
    const std::uint64_t end = std::min(begin + kTileWidth, checkpoint.size);
    WW_TRY(const auto bundle, files.bundle(begin / kTileWidth, static_cast<unsigned>(end - begin)));
    std::string_view rest = bundle.bytes;
    for (std::uint64_t i = begin; i < end; ++i) {
      const auto entry = take_entry(rest);
      if (!entry) return fail(Reason::log_entry_corrupt, "no whole entry", {}, entry_name(i));
      if (i >= index && !each(i, *entry)) return {};
    }
    index = end;
  }
  return {};
}

}  // namespace watchword::audit
