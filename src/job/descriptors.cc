#include "job/descriptors.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <limits>

#include "base/file.h"

namespace watchword::job {
namespace {

constexpr int kWithoutProc = 1024;  // as far as is looked where /proc is not mounted

bool is_open(int fd) { return ::fcntl(fd, F_GETFD) >= 0; }

std::vector<int> candidates() {
  std::vector<int> all;
  if (const auto names = list_directory("/proc/self/fd")) {
    for (const auto& name : *names)
      if (int fd = 0; std::from_chars(name.data(), name.data() + name.size(), fd).ec == std::errc()) all.push_back(fd);
  } else {
    for (int fd = 0; fd < kWithoutProc; ++fd) all.push_back(fd);
  }
  return all;
}

void fill_standard_streams() {
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd)
    if (!is_open(fd)) static_cast<void>(::open("/dev/null", O_RDWR | O_CLOEXEC));  // takes the lowest number: this one
}

// Linux 5.9; before, one by one.
void close_range(int first, int last, int most) {
  if (first > last) return;
  if (::syscall(SYS_close_range, static_cast<unsigned>(first), static_cast<unsigned>(last), 0U) == 0) return;
  for (int fd = first; fd <= std::min(last, most); ++fd) ::close(fd);
}

constexpr int kLast = std::numeric_limits<int>::max();

int highest() { return static_cast<int>(std::min(::sysconf(_SC_OPEN_MAX), 1L << 20)); }

}  // namespace

Descriptors Descriptors::inherited() {
  Descriptors all;
  all.most_ = highest();
  all.open_ = candidates();
  std::erase_if(all.open_, [](int fd) { return !is_open(fd); });  // such as the one that was used to look
  std::ranges::sort(all.open_);
  fill_standard_streams();
  return all;
}

void Descriptors::close_others(int kept) const {
  int first = 0;
  bool kept_is_left = true;
  const auto keep = [&](int fd) {
    close_range(first, fd - 1, most_);
    first = fd + 1;
  };
  for (const int fd : open_) {
    if (kept_is_left && kept < fd) {
      keep(kept);
      kept_is_left = false;
    }
    keep(fd);
  }
  if (kept_is_left) keep(kept);
  close_range(first, kLast, most_);
}

void close_all_but(int kept) {
  close_range(STDERR_FILENO + 1, kept - 1, kLast);
  close_range(kept + 1, kLast, highest());
}

}  // namespace watchword::job
