// A value that must reach no log, error, metric or core dump: token, key, password.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace watchword {

// Owns its bytes, wipes them at the end, cannot be copied, printed or compared by accident.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string_view value);
  explicit Secret(std::string&& value);  // takes the value over and wipes the source
  Secret(Secret&&) noexcept;
  Secret& operator=(Secret&&) noexcept;
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  ~Secret();

  std::string_view reveal() const { return {data_.get(), size_}; }
  bool empty() const { return size_ == 0; }
  Secret clone() const { return Secret(reveal()); }

 private:
  std::unique_ptr<char[]> data_;
  std::size_t size_ = 0;
};

bool equal_constant_time(std::string_view a, std::string_view b);  // the lengths may leak, the content does not
void wipe(std::span<char> bytes);
void wipe(std::string& text);

// Keep this process out of core dumps and away from debuggers (PR_SET_DUMPABLE, RLIMIT_CORE). Called first in main.
void forbid_core_dumps();

}  // namespace watchword
