#include "cli/watch.h"

#include <algorithm>

#include "base/file.h"
#include "base/file_stamp.h"

namespace watchword::cli {
namespace {

constexpr Duration kFirstWait = std::chrono::seconds(5);
constexpr Duration kLongestWait = std::chrono::seconds(60);

}  // namespace

DirectoryWatch::DirectoryWatch(std::string directory)
    : directory_(std::move(directory)), taken_(state()), last_(taken_) {}

bool DirectoryWatch::settled_change() {
  auto now = state();
  bool still = now == last_;
  last_ = std::move(now);
  if (!still || last_ == taken_) return false;
  taken_ = last_;
  return true;
}

std::string DirectoryWatch::state() const {
  auto names = list_directory(directory_);
  if (!names) return "unreadable";
  std::string state;
  for (const auto& name : *names) {
    const auto stamp = stamp_of(directory_ + "/" + name);
    if (stamp == FileStamp{}) continue;
    state += name + " " + std::to_string(stamp.inode) + " " + std::to_string(stamp.size) + " " +
             std::to_string(stamp.seconds) + "." + std::to_string(stamp.nanoseconds) + "\n";
  }
  return state;
}

void Backoff::failed(Time now) {
  wait_ = since_ ? std::min(2 * wait_, kLongestWait) : kFirstWait;
  since_ = now;
}

void Backoff::reset() { since_.reset(); }

bool Backoff::due(Time now) const { return since_ && (now < *since_ || now >= *since_ + wait_); }

}  // namespace watchword::cli
