// Globs run as a set of states over the value (no backtracking); regular expressions are RE2's.
#include "policy/pattern.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <vector>

#include "base/encoding.h"

namespace watchword::policy {
namespace {

struct Token {
  enum class Kind : std::uint8_t { literal, one, segment, anything } kind;
  char32_t code = 0;

  bool repeats() const { return kind == Kind::segment || kind == Kind::anything; }
  bool takes(char32_t c) const {
    switch (kind) {
      case Kind::literal:
        return c == code;
      case Kind::one:
      case Kind::segment:
        return c != U'/';
      case Kind::anything:
        break;
    }
    return true;
  }
};

char32_t take_character(std::string_view& text) {
  const auto [code, length] = first_utf8_character(text);
  const char32_t taken = length == 0 ? 0x110000 + static_cast<unsigned char>(text[0]) : code;  // no character's code
  text.remove_prefix(std::max<std::size_t>(length, 1));
  return taken;
}

std::vector<Token> tokens_of(std::string_view glob) {
  std::vector<Token> tokens;
  while (!glob.empty()) {
    const std::size_t stars = std::min(glob.find_first_not_of('*'), glob.size());
    if (stars > 0) {
      tokens.push_back({stars == 1 ? Token::Kind::segment : Token::Kind::anything});
      glob.remove_prefix(stars);
    } else if (glob[0] == '?') {
      tokens.push_back({Token::Kind::one});
      glob.remove_prefix(1);
    } else {
      tokens.push_back({Token::Kind::literal, take_character(glob)});
    }
  }
  return tokens;
}

// now[i]: the value so far is matched by tokens[0, i).
void reach(const std::vector<Token>& tokens, std::vector<bool>& states, std::size_t i) {
  states[i] = true;
  for (; i < tokens.size() && tokens[i].repeats(); ++i) states[i + 1] = true;
}

bool run(const std::vector<Token>& tokens, std::string_view value) {
  std::vector<bool> now(tokens.size() + 1), next(tokens.size() + 1);
  reach(tokens, now, 0);
  while (!value.empty()) {
    const char32_t c = take_character(value);
    std::fill(next.begin(), next.end(), false);
    for (std::size_t i = 0; i < tokens.size(); ++i)
      if (now[i] && tokens[i].takes(c)) reach(tokens, next, tokens[i].repeats() ? i : i + 1);
    now.swap(next);
  }
  return now.back();
}

}  // namespace

// Most globs are a literal, one wildcard and perhaps a literal: that case needs no states.
struct Pattern::Glob {
  std::string prefix, suffix;
  std::vector<Token> middle;  // begins and ends with a wildcard

  explicit Glob(std::string_view text) {
    const auto first = text.find_first_of("*?"), last = text.find_last_of("*?");
    prefix = text.substr(0, first);
    suffix = text.substr(last + 1);
    middle = tokens_of(text.substr(first, last + 1 - first));
  }

  bool matches(std::string_view value) const {
    if (value.size() < prefix.size() + suffix.size()) return false;
    if (!value.starts_with(prefix) || !value.ends_with(suffix)) return false;
    value = value.substr(prefix.size(), value.size() - prefix.size() - suffix.size());
    if (middle.size() == 1 && middle[0].kind == Token::Kind::anything) return true;
    if (middle.size() == 1 && middle[0].kind == Token::Kind::segment) return !value.contains('/');
    return run(middle, value);
  }
};

struct Pattern::Regex {
  Regex(std::string_view text, const RE2::Options& options) : re(re2::StringPiece(text.data(), text.size()), options) {}
  RE2 re;
};

Result<Pattern> Pattern::parse(std::string_view text) {
  if (text.empty() || text == "re:") return fail(Reason::policy_invalid, "an empty pattern", "a value or a pattern");
  if (text.size() > kMaxBytes)
    return fail(Reason::policy_invalid, fmt::format("a pattern of {} bytes", text.size()),
                fmt::format("at most {} bytes", kMaxBytes));
  Pattern out = exactly(text);
  if (text.starts_with("re:")) {
    RE2::Options options;
    options.set_log_errors(false);
    options.set_max_mem(1 << 20);
    auto regex = std::make_shared<Regex>(text.substr(3), options);
    if (!regex->re.ok())
      return fail(Reason::policy_invalid, fmt::format("'{}': {}", text, regex->re.error()),
                  "a regular expression of RE2 for the whole value");
    out.regex_ = std::move(regex);
  } else if (text.find_first_of("*?") != std::string_view::npos) {
    out.glob_ = std::make_shared<Glob>(text);
  }
  return out;
}

Pattern Pattern::exactly(std::string_view text) {
  Pattern out;
  out.text_ = text;
  return out;
}

bool Pattern::matches(std::string_view value) const {
  if (glob_) return glob_->matches(value);
  if (regex_) return RE2::FullMatch(re2::StringPiece(value.data(), value.size()), regex_->re);
  return value == text_;
}

std::string_view Pattern::literal_prefix() const {
  if (glob_) return glob_->prefix;
  return regex_ ? std::string_view() : text_;
}

}  // namespace watchword::policy
