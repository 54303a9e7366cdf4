// Text for people: made safe to print, and the nearest valid word for a mistyped one.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace watchword {

// Control characters (C0, C1, DEL), bidirectional overrides, line separators and invalid UTF-8 become \xNN or \u{NNNN},
// so that no input can forge a line or move a terminal's cursor.
std::string printable(std::string_view text);

// The word of `words` nearest to `word` by edit distance, if it is near enough to be meant.
std::optional<std::string> nearest(std::string_view word, std::span<const std::string> words);

std::vector<std::string_view> split(std::string_view text, char separator);
std::string_view trim(std::string_view text);  // spaces and tabs
std::string ascii_lower(std::string_view text);
bool ascii_iequals(std::string_view a, std::string_view b);

}  // namespace watchword
