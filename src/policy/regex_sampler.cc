// Reads an expression once, from left to right, and writes one way through it.
#include "policy/regex_sampler.h"

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

namespace watchword::policy {
namespace {

constexpr std::size_t kLongest = 512;  // bytes, beyond which nothing is repeated
constexpr int kDeepest = 32;           // groups within each other
constexpr int kMostRepeats = 64;

class RegexSampler {
 public:
  RegexSampler(std::string_view text, Choices choices) : text_(text), choices_(choices) {}

  std::string run() { return alternatives(0); }

 private:
  bool at(char c) const { return !text_.empty() && text_[0] == c; }
  bool accept(std::string_view word) {
    if (!text_.starts_with(word)) return false;
    text_.remove_prefix(word.size());
    return true;
  }
  char take() {
    const char c = text_.empty() ? '\0' : text_[0];
    text_.remove_prefix(std::min<std::size_t>(text_.size(), 1));
    return c;
  }

  std::string alternatives(int depth) {
    std::vector<std::string> all{sequence(depth)};
    while (accept("|")) all.push_back(sequence(depth));
    return all[choices_.of(all.size())];
  }

  std::string sequence(int depth) {
    std::string out;
    while (!text_.empty() && !at('|') && !at(')')) {
      const std::string one = atom(depth);
      for (int left = repeats(); left > 0 && out.size() < kLongest; --left) out += one;
    }
    return out;
  }

  // Of a group only one way is gone, so that its repeats are alike.
  int repeats() {
    int count = 1;
    if (accept("*"))
      count = (1 + static_cast<int>(choices_.of(3))) % 3;
    else if (accept("+"))
      count = 1 + static_cast<int>(choices_.of(2));
    else if (accept("?"))
      count = 1 - static_cast<int>(choices_.of(2));
    else if (const auto counted = counted_repeats())
      count = *counted;
    else
      return 1;
    accept("?");  // lazy
    return std::min(count, kMostRepeats);
  }

  static std::optional<int> take_number(std::string_view& text) {
    if (text.empty() || text[0] < '0' || text[0] > '9') return std::nullopt;
    int out = 0;
    for (; !text.empty() && text[0] >= '0' && text[0] <= '9'; text.remove_prefix(1))
      out = std::min(10 * out + (text[0] - '0'), kMostRepeats);
    return out;
  }

  // {3}, {3,} or {3,5}.
  std::optional<int> counted_repeats() {
    if (!at('{')) return std::nullopt;
    const auto close = text_.find('}');
    if (close == std::string_view::npos) return std::nullopt;
    std::string_view inside = text_.substr(1, close - 1);
    const auto least = take_number(inside);
    if (!least) return std::nullopt;
    const bool open = inside == ",";
    if (!inside.empty()) inside.remove_prefix(1);
    const int most = open ? *least + 1 : take_number(inside).value_or(*least);
    text_.remove_prefix(close + 1);
    return choices_.of(2) == 0 ? *least : most;
  }

  std::string atom(int depth) {
    const char c = take();
    if (c == '(') return group(depth + 1);
    if (c == '[') return of_class();
    if (c == '.') return std::string(choices_.of(kAny));
    if (c == '\\') return escape();
    return c == '^' || c == '$' ? std::string() : std::string(1, c);
  }

  std::string group(int depth) {
    if (depth > kDeepest) {
      text_ = {};
      return {};
    }
    if (accept("?P<") || accept("?<"))
      text_.remove_prefix(std::min(text_.find('>'), text_.size() - 1) + 1);
    else if (accept("?"))
      while (!text_.empty() && !at(')') && take() != ':') {
      }
    std::string out = alternatives(depth);
    accept(")");
    return out;
  }

  std::string escape() {
    constexpr std::array<std::string_view, 2> kDigits{"7", "0"};
    constexpr std::array<std::string_view, 3> kWords{"x", "7", "_"};
    const char c = take();
    switch (c) {
      case 'd':
        return std::string(choices_.of(kDigits));
      case 'w':
        return std::string(choices_.of(kWords));
      case 's':
        return " ";
      case 'D':
      case 'S':
        return "x";
      case 'W':
        return "-";
      case 'A':
      case 'z':
      case 'b':
      case 'B':
        return {};
      case 'Q':
        return quoted();
      default:
        return std::string(1, c);
    }
  }

  std::string quoted() {
    const auto end = std::min(text_.find("\\E"), text_.size());
    std::string out(text_.substr(0, end));
    text_.remove_prefix(end);
    accept("\\E");
    return out;
  }

  // Of [a-z0-9_] one of: a, z, 0, 9, _. Of [^...] what is not between such ends.
  std::string of_class() {
    const bool negated = accept("^");
    std::string ends;  // of ranges, in pairs
    while (!text_.empty() && (!at(']') || ends.empty())) {
      const std::string from = accept("[:") ? named_class() : class_member();
      if (from.empty()) continue;
      ends += from[0];
      ends += at('-') && text_.size() > 1 && text_[1] != ']' ? (take(), class_member() + " ")[0] : from[0];
    }
    accept("]");
    if (!negated) return ends.empty() ? "" : std::string(1, ends[choices_.of(ends.size())]);
    const auto inside = [&](char c) {
      for (std::size_t i = 0; i + 1 < ends.size(); i += 2)
        if (ends[i] <= c && c <= ends[i + 1]) return true;
      return false;
    };
    std::string outside;
    for (const char c : {'x', '7', '-', 'A', '_', '/', ' '})
      if (!inside(c)) outside += c;
    return outside.empty() ? "" : std::string(1, outside[choices_.of(outside.size())]);
  }
  std::string class_member() { return accept("\\") ? escape() : std::string(1, take()); }
  std::string named_class() {
    const auto end = text_.find(":]");
    const std::string_view name = text_.substr(0, end);
    text_.remove_prefix(end == std::string_view::npos ? text_.size() : end + 2);
    return name == "digit" || name == "xdigit" ? "7" : (name == "space" ? " " : (name == "punct" ? "-" : "X"));
  }

  static constexpr std::array<std::string_view, 4> kAny{"x", "7", "-", "/"};
  std::string_view text_;
  Choices choices_;
};

}  // namespace

std::string sample_of_regex(std::string_view regex, Choices choices) { return RegexSampler(regex, choices).run(); }

}  // namespace watchword::policy
