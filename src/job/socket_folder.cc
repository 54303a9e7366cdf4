#include "job/socket_folder.h"

#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <system_error>

namespace watchword::job {
namespace {

constexpr std::size_t kMaxPath = sizeof(sockaddr_un{}.sun_path) - 1;  // unix(7); its NUL

std::unexpected<Error> unavailable(std::string found, std::string expected, std::string where, std::string fix) {
  return std::unexpected(
      Error{Reason::listener_unavailable, std::move(found), std::move(expected), std::move(where), std::move(fix)});
}

}  // namespace

std::vector<std::string> SocketFolder::usual_places() {
  std::vector<std::string> places;
  for (const auto* variable : {"XDG_RUNTIME_DIR", "TMPDIR"})
    if (const char* value = std::getenv(variable); value != nullptr && *value == '/') places.emplace_back(value);
  places.emplace_back("/tmp");
  return places;
}

Result<SocketFolder> SocketFolder::make(const std::vector<std::string>& folders) {
  std::string found;
  for (const auto& folder : folders) {
    auto path = folder + "/watchword-XXXXXX";
    if (::mkdtemp(path.data()) != nullptr) return SocketFolder(std::move(path));  // mode 0700
    found += (found.empty() ? "" : "; ") + folder + ": " + std::generic_category().message(errno);
  }
  return unavailable(std::move(found), "a folder that may be written", {},
                     "set TMPDIR to a folder that this user may write, such as a tmpfs, or leave --unix-sockets out");
}

SocketFolder::~SocketFolder() {
  if (!path_.empty()) ::rmdir(path_.c_str());
}

Result<std::string> SocketFolder::socket(std::string_view resource) const {
  const std::string name(resource);
  if (name.empty() || name.find_first_of(std::string_view("/\0", 2)) != std::string::npos)
    return unavailable("a resource named '" + name + "'", "a name that a file may have", path_, {});
  auto path = path_ + "/" + name + ".sock";
  const auto size = path.size();
  if (size <= kMaxPath) return path;
  return unavailable("a path of " + std::to_string(size) + " bytes",
                     "at most " + std::to_string(kMaxPath) + ", as the system limits it", std::move(path),
                     "set TMPDIR to a folder with a shorter path, such as /tmp, or leave --unix-sockets out");
}

}  // namespace watchword::job
