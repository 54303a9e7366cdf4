// Notices that files of a directory changed, by name, size and modification time.
#pragma once

#include <string>

namespace watchword::cli {

class DirectoryWatch {
 public:
  explicit DirectoryWatch(std::string directory);
  // True once for a change, when the files have stood still from one call to the next: half of a copy is no policy.
  bool settled_change();

 private:
  std::string state() const;
  std::string directory_;
  std::string taken_, last_;
};

}  // namespace watchword::cli
