// Notices that files of a directory changed, by name, size and modification time.
#pragma once

#include <string>

namespace watchword::cli {

class DirectoryWatch {
 public:
  explicit DirectoryWatch(std::string directory);
  bool changed();  // since the last call, or since the beginning. An unreadable directory counts as a change once

 private:
  std::string state() const;
  std::string directory_;
  std::string last_;
};

}  // namespace watchword::cli
