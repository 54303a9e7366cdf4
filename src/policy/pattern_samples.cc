// Walks a pattern and writes what it reads. A sample that came out wrong is dropped: the pattern has the last word.
#include "policy/pattern_samples.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "policy/choices.h"
#include "policy/regex_sampler.h"

namespace watchword::policy {
namespace {

constexpr std::size_t kLongest = 512;  // bytes of a sample

std::string from_glob(std::string_view glob, Choices choices) {
  constexpr std::array<std::string_view, 4> kSegment{"x", "7", "a-b_C.2", ""}, kAnything{"x", "x/y", "7", ""};
  constexpr std::array<std::string_view, 3> kOne{"x", "7", "-"};
  std::string out;
  while (!glob.empty() && out.size() < kLongest) {
    const std::size_t stars = std::min(glob.find_first_not_of('*'), glob.size());
    if (stars > 0)
      out += choices.of(stars == 1 ? kSegment : kAnything);
    else if (glob[0] == '?')
      out += choices.of(kOne);
    else
      out += glob[0];
    glob.remove_prefix(std::max<std::size_t>(stars, 1));
  }
  return out;
}

std::string variation(const Pattern& pattern, std::size_t number) {
  const std::string_view text = pattern.text();
  if (text.starts_with("re:")) return sample_of_regex(text.substr(3), Choices(number));
  return from_glob(text, Choices(number));
}

}  // namespace

std::vector<std::string> samples_of(const Pattern& pattern, std::size_t most) {
  if (pattern.exact()) return {pattern.text()};
  std::vector<std::string> out;
  for (std::size_t number = 0; number < Choices::kUniform + 4 * most && out.size() < most; ++number) {
    std::string one = variation(pattern, number);
    if (pattern.matches(one) && std::ranges::find(out, one) == out.end()) out.push_back(std::move(one));
  }
  return out;
}

}  // namespace watchword::policy
