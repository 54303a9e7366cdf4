#include "audit/log_directory.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <set>
#include <system_error>

#include "base/descriptor.h"
#include "base/file.h"

namespace watchword::audit {
namespace {

constexpr std::size_t kTileBytes = kTileWidth * sizeof(Hash);
constexpr std::size_t kBundleBytes = kTileWidth * (2 + 65535);
constexpr std::size_t kTooMuch = 1 << 20;  // read beyond what is allowed, to be told as such
constexpr std::size_t kMaxCheckpoint = 1 << 20;
// Up to so many files are synced one by one; beyond, one syncfs is faster, though it also syncs what others wrote.
constexpr std::size_t kSyncOneByOne = 32;

Descriptor open_file(const std::string& path, int flags) {
  return Descriptor(::open(path.c_str(), flags | O_CLOEXEC, 0644));
}

std::unexpected<Error> unwritable(const std::string& path) {
  return fail(Reason::file_unwritable, std::generic_category().message(errno), {}, path);
}

Status sync_path(const std::string& path) {
  const Descriptor file = open_file(path, O_RDONLY);
  if (!file.open() || ::fsync(file.get()) != 0) return unwritable(path);
  return {};
}

std::string folder_of(const std::string& path) { return path.substr(0, path.rfind('/')); }

bool exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

}  // namespace

Result<LogReader::Bundle> LogReader::read(const std::string& partial, const std::string& full,
                                          std::size_t max_bytes) const {
  const bool exact = partial == full || exists(directory_ + "/" + partial) || !exists(directory_ + "/" + full);
  const std::string& path = exact ? partial : full;
  auto bytes = read_file(directory_ + "/" + path, max_bytes);
  if (!bytes) return fail(Reason::log_incomplete, bytes.error().found, bytes.error().expected, path);
  return Bundle{std::move(*bytes), path, exact};
}

Result<LogReader::Bundle> LogReader::bundle(std::uint64_t index, unsigned width) const {
  return read(bundle_path(index, width), bundle_path(index), kBundleBytes + kTooMuch);
}

Result<std::vector<Hash>> LogReader::tile(unsigned level, std::uint64_t index, unsigned width) const {
  WW_TRY(const Bundle file, read(tile_path(level, index, width), tile_path(level, index), kTileBytes + kTooMuch));
  const std::size_t expected = file.exact ? width * sizeof(Hash) : kTileBytes;
  if (file.bytes.size() != expected)
    return fail(Reason::log_tile_corrupt, std::to_string(file.bytes.size()) + " bytes",
                std::to_string(expected) + " bytes", file.path);
  WW_TRY(std::vector<Hash> hashes, decode_tile(file.bytes));
  hashes.resize(width);
  return hashes;
}

Result<std::string> LogReader::checkpoint() const {
  WW_TRY(Bundle file, read(std::string(kCheckpointFile), std::string(kCheckpointFile), kMaxCheckpoint));
  return std::move(file.bytes);
}

bool LogReader::has_checkpoint() const { return exists(directory_ + "/" + std::string(kCheckpointFile)); }

Status LogWriter::write(const std::string& path, std::string_view content) {
  const std::string target = directory_ + "/" + path;
  const std::string temporary = target + ".tmp";
  if (!exists(folder_of(target))) WW_CHECK(make_directories(folder_of(target)));
  const Descriptor file = open_file(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW);
  if (!file.open() || !write_all(file, content)) return unwritable(temporary);
  if (::rename(temporary.c_str(), target.c_str()) != 0) return unwritable(target);
  unsynced_.push_back(path);
  return {};
}

Status LogWriter::sync() {
  if (unsynced_.size() > kSyncOneByOne) {
    const Descriptor directory = open_file(directory_, O_RDONLY | O_DIRECTORY);
    if (!directory.open() || ::syncfs(directory.get()) != 0) return unwritable(directory_);
  } else {
    std::set<std::string> folders;
    for (const std::string& path : unsynced_) {
      WW_CHECK(sync_path(directory_ + "/" + path));
      for (auto slash = path.rfind('/'); slash != std::string::npos && slash > 0; slash = path.rfind('/', slash - 1))
        folders.insert(directory_ + "/" + path.substr(0, slash));
    }
    for (const std::string& folder : folders) WW_CHECK(sync_path(folder));
    WW_CHECK(sync_path(directory_));
  }
  unsynced_.clear();
  return {};
}

void LogWriter::remove_partials(const std::string& full_path) {
  std::error_code ignored;
  std::filesystem::remove_all(directory_ + "/" + full_path + ".p", ignored);
}

}  // namespace watchword::audit
