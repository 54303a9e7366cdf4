// How much one session may use: `limits` of a role's `session`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace watchword::policy {

// Requests that may begin: `burst` at once, and in the long run `count` in each `per`. A count of 0 is no limit.
struct Rate {
  std::uint32_t count = 0, burst = 0;
  Duration per = {};
  bool operator==(const Rate&) const = default;

  static constexpr std::uint32_t kMost = 1'000'000;
};

// 0 is no limit.
struct Quota {
  Rate rate = {};
  std::uint32_t concurrent = 0;  // requests, streams and tunnels under way at once
  std::int64_t bytes = 0;        // of bodies, streams and tunnels, both directions together, in the session's life
  bool operator==(const Quota&) const = default;

  static constexpr std::uint32_t kMostConcurrent = 1'000'000;
  static constexpr std::int64_t kMostBytes = std::int64_t{1} << 50;
  bool any() const { return rate.count != 0 || concurrent != 0 || bytes != 0; }
};

// What keeps to both.
Quota strictest(const Quota& a, const Quota& b);

// "100/s" or "600/m", at most kMost; as many may begin at once.
std::optional<Rate> parse_rate(std::string_view text);
// A whole number and B, KB, MB, GB (of 1000) or KiB, MiB, GiB (of 1024), at most kMostBytes.
std::optional<std::int64_t> parse_bytes(std::string_view text);
std::string to_string(const Rate& rate);          // as parse_rate reads it
std::string bytes_to_string(std::int64_t bytes);  // as parse_bytes reads it, in the largest unit that leaves no rest

}  // namespace watchword::policy
