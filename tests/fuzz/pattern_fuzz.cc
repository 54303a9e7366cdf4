// Patterns: "pattern\nvalue". Globs agree with the same glob written as a regular expression.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/encoding.h"
#include "policy/pattern.h"

namespace {

using watchword::policy::Pattern;

void require(bool holds) {
  if (!holds) std::abort();
}

std::string as_regex(std::string_view glob) {
  std::string out = "re:(?s)";
  for (std::size_t i = 0; i < glob.size(); ++i) {
    if (glob[i] == '*') {
      const bool more = i + 1 < glob.size() && glob[i + 1] == '*';
      out += more ? ".*" : "[^/]*";
      while (i + 1 < glob.size() && glob[i + 1] == '*') ++i;
    } else if (glob[i] == '?') {
      out += "[^/]";
    } else {
      if (std::string_view("\\.+()[]{}|^$").contains(glob[i])) out += '\\';
      out += glob[i];
    }
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto line = input.find('\n');
  const std::string_view text = input.substr(0, line);
  const std::string_view value = line == std::string_view::npos ? std::string_view() : input.substr(line + 1);
  require(Pattern::exactly(text).matches(value) == (text == value));
  const auto pattern = Pattern::parse(text);
  if (!pattern) return 0;
  const bool matches = pattern->matches(value);
  if (matches) require(value.starts_with(pattern->literal_prefix()));
  if (pattern->exact()) require(matches == (text == value));
  const bool glob = !pattern->exact() && !text.starts_with("re:");
  if (!glob || text.contains('\0') || !watchword::is_utf8(text) || !watchword::is_utf8(value)) return 0;
  if (const auto regex = Pattern::parse(as_regex(text))) require(regex->matches(value) == matches);
  return 0;
}
