// What a connection has received and not yet used. Small while little comes, larger while it keeps being filled.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>

namespace watchword::http {

class InputBuffer {
 public:
  explicit InputBuffer(std::size_t smallest) : smallest_(smallest) { resize(smallest); }

  std::string_view view() const { return {data_.get() + begin_, end_ - begin_}; }
  bool empty() const { return begin_ == end_; }

  void consume(std::size_t bytes) {
    begin_ += bytes;
    if (begin_ == end_) begin_ = end_ = 0;
  }

  // At least one free byte. Moves what view() shows.
  std::span<char> room() {
    if (empty() && filled_) {
      resize(std::min(capacity_ * 2, std::max(capacity_, kLargest)));
    } else if (end_ == capacity_ && begin_ > 0) {
      std::memmove(data_.get(), data_.get() + begin_, end_ - begin_);
      end_ -= begin_;
      begin_ = 0;
    } else if (end_ == capacity_) {
      resize(capacity_ * 2);  // one line or head that does not fit: its parser holds the limit
    }
    return {data_.get() + end_, capacity_ - end_};
  }
  void add(std::size_t bytes) {
    end_ += bytes;
    filled_ = end_ == capacity_;
  }

  void shrink() {  // between messages
    if (empty() && capacity_ > smallest_) resize(smallest_);
    filled_ = false;
  }

 private:
  static constexpr std::size_t kLargest = 64 * 1024;  // for bodies; they need no more to be fast

  void resize(std::size_t capacity) {
    if (capacity == capacity_) return;
    auto larger = std::make_unique_for_overwrite<char[]>(capacity);
    if (!empty()) std::memcpy(larger.get(), data_.get() + begin_, end_ - begin_);
    data_ = std::move(larger);
    capacity_ = capacity;
    end_ -= begin_;
    begin_ = 0;
  }

  std::size_t smallest_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  bool filled_ = false;  // the last addition took all the room: more is likely
  std::unique_ptr<char[]> data_;
};

}  // namespace watchword::http
