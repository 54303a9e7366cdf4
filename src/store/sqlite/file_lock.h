// One process per store: two gates that write one log would fork it.
#pragma once

#include <string>

#include "base/result.h"

namespace watchword::store {

// Held until destroyed, or until the process ends in any way (flock).
class FileLock {
 public:
  static Result<FileLock> take(const std::string& path);  // store_unavailable when another process holds it
  FileLock(FileLock&& other) noexcept;
  FileLock& operator=(FileLock&&) = delete;
  ~FileLock();

 private:
  explicit FileLock(int fd) : fd_(fd) {}
  int fd_;
};

}  // namespace watchword::store
