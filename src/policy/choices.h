// Counting through what can be chosen, without randomness: the same policy is always tried in the same way.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace watchword::policy {

// One way to go wherever there is a choice. The first kUniform variations choose alike everywhere, later ones differ
// from choice to choice.
class Choices {
 public:
  static constexpr std::size_t kUniform = 4;
  explicit Choices(std::size_t variation)
      : uniform_(variation < kUniform), left_(uniform_ ? variation : variation - kUniform) {}

  std::size_t of(std::size_t count) {
    if (count == 0) return 0;
    const std::size_t chosen = left_ % count;
    if (!uniform_) left_ /= count;
    return chosen;
  }
  template <std::size_t N>
  std::string_view of(const std::array<std::string_view, N>& options) {
    return options.at(of(N));
  }

 private:
  bool uniform_;
  std::size_t left_;
};

}  // namespace watchword::policy
