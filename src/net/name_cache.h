// What names were last found to mean, and for how long that may be used. No I/O and no clock of its own; its user keeps
// it to one thread at a time.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "net/loop.h"

namespace watchword::net {

struct IpAddress {
  std::array<std::uint8_t, 16> bytes{};
  std::uint8_t size = 0;  // 4 or 16
  std::span<const std::uint8_t> view() const { return {bytes.data(), size}; }
  bool operator==(const IpAddress&) const = default;
};

// Immutable once it is known.
struct NameAnswer {
  std::vector<IpAddress> addresses;  // in the order to try them; not empty
  Steady::time_point asked;
  Steady::time_point fresh_until;  // by its TTL, within the cache's limits
};

class NameCache {
 public:
  struct Limits {
    Steady::duration shortest = std::chrono::seconds(5);  // a TTL below counts as this, one above as the longest
    Steady::duration longest = std::chrono::hours(1);
    Steady::duration stale = std::chrono::minutes(10);  // how long past that an answer may do while none is to be had
    std::size_t names = 1024;                           // what is beyond is asked each time
  };
  explicit NameCache(Limits limits) : limits_(limits) {}

  struct Entry {
    std::shared_ptr<const NameAnswer> answer;  // null: none that may be used
    bool fresh = false;                        // else it is for when asking fails or takes long
  };
  // An answer older than `max_age` is not fresh, whatever its TTL says.
  Entry find(const std::string& name, Steady::duration max_age, Steady::time_point now) const;

  std::shared_ptr<const NameAnswer> found(const std::string& name, std::vector<IpAddress> addresses,
                                          std::chrono::seconds ttl, Steady::time_point now);
  void absent(const std::string& name) { names_.erase(name); }  // who knows it says that there is none
  // Nobody could say. What was known before, if that may still be used: then for `shortest` as if it were fresh.
  std::shared_ptr<const NameAnswer> failed(const std::string& name, Steady::time_point now);
  std::size_t size() const { return names_.size(); }

 private:
  struct Name {
    std::shared_ptr<const NameAnswer> answer;
    Steady::time_point ask_again{};  // not before, as asking has just failed
  };
  bool usable(const NameAnswer& answer, Steady::time_point now) const {
    return now < answer.fresh_until + limits_.stale;
  }

  const Limits limits_;
  std::unordered_map<std::string, Name> names_;
};

}  // namespace watchword::net
