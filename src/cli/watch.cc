#include "cli/watch.h"

#include <sys/stat.h>

#include "base/file.h"

namespace watchword::cli {

DirectoryWatch::DirectoryWatch(std::string directory) : directory_(std::move(directory)), last_(state()) {}

bool DirectoryWatch::changed() {
  auto now = state();
  if (now == last_) return false;
  last_ = std::move(now);
  return true;
}

std::string DirectoryWatch::state() const {
  auto names = list_directory(directory_);
  if (!names) return "unreadable";
  std::string state;
  for (const auto& name : *names) {
    struct stat info{};
    if (stat((directory_ + "/" + name).c_str(), &info) != 0) continue;
    state += name + " " + std::to_string(info.st_ino) + " " + std::to_string(info.st_size) + " " +
             std::to_string(info.st_mtim.tv_sec) + "." + std::to_string(info.st_mtim.tv_nsec) + "\n";
  }
  return state;
}

}  // namespace watchword::cli
