// Where a run's Unix sockets are: a folder of its own, that only its user can enter, gone at its end.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace watchword::job {

class SocketFolder {
 public:
  // In the first of these folders that lets it. listener_unavailable.
  static Result<SocketFolder> make(const std::vector<std::string>& folders);
  // $XDG_RUNTIME_DIR, $TMPDIR, /tmp: those that are set.
  static std::vector<std::string> usual_places();
  SocketFolder(SocketFolder&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  SocketFolder& operator=(SocketFolder&&) = delete;
  ~SocketFolder();  // removes it; its sockets are gone by then

  const std::string& path() const { return path_; }
  // FOLDER/RESOURCE.sock. listener_unavailable: too long for a socket, or no name of a file.
  Result<std::string> socket(std::string_view resource) const;

 private:
  explicit SocketFolder(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

}  // namespace watchword::job
