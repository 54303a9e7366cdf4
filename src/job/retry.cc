#include "job/retry.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace watchword::job {

Duration Retry::jittered(Duration most) {
  std::array<std::uint8_t, 2> bytes{};
  random_.fill(bytes);
  const int share = bytes[0] * 256 + bytes[1];  // of 65536
  return most - most / 2 * share / 65536;
}

std::optional<Duration> Retry::wait(Duration elapsed, std::optional<Duration> asked) {
  if (++done_ >= limits_.tries) return std::nullopt;
  Duration most = limits_.first;
  for (unsigned i = 1; i < done_ && most < limits_.longest; ++i) most *= 2;
  const auto time = std::max(jittered(std::min(most, limits_.longest)), asked.value_or(Duration::zero()));
  if (elapsed + time > limits_.total) return std::nullopt;
  return time;
}

std::optional<Duration> retry_after(std::string_view value) {
  constexpr int kMost = 3600;
  int seconds = 0;
  const auto [stopped, error] = std::from_chars(value.begin(), value.end(), seconds);
  if (error != std::errc() || stopped != value.end() || seconds < 0) return std::nullopt;
  return std::chrono::seconds(std::min(seconds, kMost));
}

}  // namespace watchword::job
