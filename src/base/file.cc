// Whole files over POSIX calls: durable, and never blocking on a FIFO or device.
#include "base/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <limits>
#include <memory>
#include <system_error>

#include "base/descriptor.h"

namespace watchword {
namespace {

std::string reason_of(int error) { return std::generic_category().message(error); }

std::unexpected<Error> unreadable(const std::string& path, std::string found, std::string expected = {}) {
  return fail(Reason::file_unreadable, std::move(found), std::move(expected), path);
}
std::unexpected<Error> unwritable(const std::string& path) {
  return fail(Reason::file_unwritable, reason_of(errno), {}, path);
}

std::string folder_of(const std::string& path) {
  const auto slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

Status fill_and_rename(const Descriptor& file, const std::string& temporary, const std::string& path,
                       std::string_view content, unsigned mode) {
  if (!write_all(file, content) || ::fchmod(file.get(), mode) != 0 || ::fsync(file.get()) != 0) return unwritable(path);
  if (::rename(temporary.c_str(), path.c_str()) != 0) return unwritable(path);
  return {};
}

}  // namespace

Result<std::string> read_file(const std::string& path, std::size_t max_bytes) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  struct stat info{};
  if (!file.open() || ::fstat(file.get(), &info) != 0) return unreadable(path, reason_of(errno));
  if (S_ISDIR(info.st_mode)) return unreadable(path, "a directory", "a file");
  if (!S_ISREG(info.st_mode)) return unreadable(path, "a pipe, socket or device", "a regular file");

  max_bytes = std::min<std::size_t>(max_bytes, std::numeric_limits<std::size_t>::max() / 4);
  // One byte of room beyond the expected size finds the end without growing, so that a secret leaves no copy behind.
  const auto size_now = static_cast<std::size_t>(std::max<off_t>(info.st_size, 0));
  std::string content(std::min(size_now, max_bytes) + 1, '\0');
  std::size_t filled = 0;
  for (;;) {
    if (filled > max_bytes)
      return unreadable(path, "more than " + std::to_string(max_bytes) + " bytes", "a smaller file");
    if (filled == content.size()) content.resize(std::min(content.size() * 2 + 4096, max_bytes + 1));
    const ssize_t got = ::read(file.get(), content.data() + filled, content.size() - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return unreadable(path, reason_of(errno));
    if (got == 0) break;
    filled += static_cast<std::size_t>(got);
  }
  content.resize(filled);
  return content;
}

Status write_file_atomically(const std::string& path, std::string_view content, unsigned mode) {
  const std::string folder = folder_of(path);
  // Hidden, and with an ending of its own: whoever lists the folder for *.yaml does not see it.
  std::string temporary = folder + "/." + path.substr(path.rfind('/') + 1) + ".XXXXXX";
  const Descriptor file(::mkostemp(temporary.data(), O_CLOEXEC));
  if (!file.open()) return unwritable(path);
  if (auto done = fill_and_rename(file, temporary, path, content, mode); !done) {
    ::unlink(temporary.c_str());
    return done;
  }
  const Descriptor directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory.open() || ::fsync(directory.get()) != 0) return unwritable(folder);
  return {};
}

Status make_directories(const std::string& path, unsigned mode) {
  for (std::size_t end = 0; end != std::string::npos;) {
    end = path.find('/', end + 1);
    const std::string part = path.substr(0, end);
    if (::mkdir(part.c_str(), mode) == 0) continue;
    struct stat info{};
    const int error = errno;  // some systems say EROFS or EACCES for a folder that is there
    if (::stat(part.c_str(), &info) != 0) return fail(Reason::file_unwritable, reason_of(error), {}, part);
    if (!S_ISDIR(info.st_mode)) return fail(Reason::file_unwritable, "a file", "a directory", part);
  }
  return {};
}

Result<std::vector<std::string>> list_directory(const std::string& path) {
  struct Close {
    void operator()(DIR* directory) const { ::closedir(directory); }
  };
  const std::unique_ptr<DIR, Close> directory(::opendir(path.c_str()));
  if (!directory) return unreadable(path, reason_of(errno));
  std::vector<std::string> names;
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(directory.get());
    if (entry == nullptr) break;
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  if (errno != 0) return unreadable(path, reason_of(errno));
  std::ranges::sort(names);
  return names;
}

}  // namespace watchword
