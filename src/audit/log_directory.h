// The files of a log's directory: found by their tlog-tiles names, and written so that they can be synced together.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "audit/tile.h"
#include "base/result.h"

namespace watchword::audit {

inline constexpr std::string_view kCheckpointFile = "checkpoint";
inline constexpr std::string_view kVerifierKeyFile = "verifier.key";

// Any thread.
class LogReader {
 public:
  explicit LogReader(std::string directory) : directory_(std::move(directory)) {}

  // A partial file goes once the full one is there. Both read the full one then; `exact` says that they did not.
  struct Bundle {
    std::string bytes, path;
    bool exact = true;
  };
  // Errors: log_incomplete for what cannot be read, log_tile_corrupt for a tile of another size. `where` is the path.
  Result<Bundle> bundle(std::uint64_t index, unsigned width) const;
  Result<std::vector<Hash>> tile(unsigned level, std::uint64_t index, unsigned width) const;  // exactly `width` hashes
  Result<std::string> checkpoint() const;
  bool has_checkpoint() const;

 private:
  Result<Bundle> read(const std::string& partial, const std::string& full, std::size_t max_bytes) const;
  std::string directory_;
};

// One thread.
class LogWriter {
 public:
  explicit LogWriter(std::string directory) : directory_(std::move(directory)) {}

  // Replaces the file as a whole. Durable after sync() only. Errors: file_unwritable.
  Status write(const std::string& path, std::string_view content);
  Status sync();
  void remove_partials(const std::string& full_path);  // what cannot be removed does no harm

 private:
  std::string directory_;
  std::vector<std::string> unsynced_;  // paths below the directory
};

}  // namespace watchword::audit
