// What tells cheaply that a file may have changed since it was last looked at.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <string>

namespace watchword {

// All zero: there is none.
struct FileStamp {
  std::int64_t seconds = 0, nanoseconds = 0;  // when it was written
  std::int64_t size = 0;
  std::uint64_t inode = 0;
  bool operator==(const FileStamp&) const = default;
};

inline FileStamp stamp_of(const std::string& path) {
  struct stat info{};
  if (path.empty() || ::stat(path.c_str(), &info) != 0) return {};
  return {info.st_mtim.tv_sec, info.st_mtim.tv_nsec, info.st_size, info.st_ino};
}

}  // namespace watchword
