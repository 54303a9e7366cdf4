// Bytes that are wiped when they are no longer needed.
#include "base/secret.h"

#include <sys/prctl.h>
#include <sys/resource.h>

#include <cstdlib>
#include <cstring>
#include <utility>

namespace watchword {

void wipe(std::span<char> bytes) {
  if (!bytes.empty()) ::explicit_bzero(bytes.data(), bytes.size());
}

void wipe(std::string& text) {
  text.resize(text.capacity());  // a shorter value may have left the tail of an earlier one behind
  wipe(std::span<char>(text));
  text.clear();
}

Secret::Secret(std::string_view value) : size_(value.size()) {
  if (value.empty()) return;
  data_ = std::make_unique<char[]>(value.size());
  std::memcpy(data_.get(), value.data(), value.size());
}

Secret::Secret(std::string&& value) : Secret(std::string_view(value)) { wipe(value); }

Secret::Secret(Secret&& other) noexcept : data_(std::move(other.data_)), size_(std::exchange(other.size_, 0)) {}

Secret& Secret::operator=(Secret&& other) noexcept {
  if (this == &other) return *this;
  wipe(std::span<char>(data_.get(), size_));
  data_ = std::move(other.data_);
  size_ = std::exchange(other.size_, 0);
  return *this;
}

Secret::~Secret() { wipe(std::span<char>(data_.get(), size_)); }

bool equal_constant_time(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  volatile unsigned char difference = 0;  // volatile: no early exit may be made of this
  for (std::size_t i = 0; i < a.size(); ++i) difference = difference | static_cast<unsigned char>(a[i] ^ b[i]);
  return difference == 0;
}

void forbid_core_dumps() {
  const rlimit none{0, 0};
  if (::prctl(PR_SET_DUMPABLE, 0) != 0 || ::setrlimit(RLIMIT_CORE, &none) != 0) std::abort();
}

}  // namespace watchword
