// Patterns of claims and paths. They match the whole value: exact unless written as a glob or as "re:" (RE2 full
// match).
//   *    any characters within one segment (no '/')      **   any characters, '/' too; either may match nothing
//   ?    one character that is not '/'                   re:  the rest is a regular expression for the whole value
// There is no escape: a literal * or ? in a pattern needs "re:" with \* or \?.
// What a value holds is never read as a pattern. Matching is linear in the value, for every pattern.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace watchword::policy {

class Pattern {
 public:
  static constexpr std::size_t kMaxBytes = 1024;

  static Result<Pattern> parse(std::string_view text);  // policy_invalid: bad regular expression, too long, empty
  static Pattern exactly(std::string_view text);        // never read as a pattern
  bool matches(std::string_view value) const;           // any thread
  bool exact() const { return !glob_ && !regex_; }
  // What every match begins with: all of an exact pattern, of a glob what stands before its first wildcard, else
  // nothing.
  std::string_view literal_prefix() const;
  const std::string& text() const { return text_; }

 private:
  struct Glob;
  struct Regex;
  std::string text_;
  std::shared_ptr<const Glob> glob_;
  std::shared_ptr<const Regex> regex_;
};

}  // namespace watchword::policy
