#include "http/link.h"

#include <algorithm>

#include "base/text.h"
#include "http/chars.h"

namespace watchword::http {
namespace {

class LinkReader {
 public:
  explicit LinkReader(std::string_view text) : rest_(text) {}

  std::string next() {
    while (true) {
      skip(" \t,");
      if (!take('<')) return {};
      const std::size_t end = rest_.find('>');
      if (end == std::string_view::npos) return {};
      const std::string_view target = rest_.substr(0, end);
      rest_.remove_prefix(end + 1);
      if (parameters_name_next()) return std::string(target);
    }
  }

 private:
  void skip(std::string_view any) { rest_.remove_prefix(std::min(rest_.find_first_not_of(any), rest_.size())); }

  bool take(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }

  bool take_spaced(char c) {
    skip(" \t");
    const bool taken = take(c);
    skip(" \t");
    return taken;
  }

  std::string_view token() {
    const auto end = std::ranges::find_if(rest_, [](char c) { return token_lower(c) == 0; });
    const auto text = rest_.substr(0, static_cast<std::size_t>(end - rest_.begin()));
    rest_.remove_prefix(text.size());
    return text;
  }

  std::string value() {
    if (!take('"')) return std::string(token());
    std::string text;
    while (!take('"')) {
      take('\\');
      if (rest_.empty()) return {};  // the quote is not closed
      text += rest_.front();
      rest_.remove_prefix(1);
    }
    return text;
  }

  // Reads the parameters of one link. Only the first "rel" counts (RFC 8288 3.3).
  bool parameters_name_next() {
    std::string rel;
    bool seen = false;
    while (take_spaced(';')) {
      const auto name = token();
      if (!take_spaced('=')) continue;
      auto text = value();
      if (seen || !ascii_iequals(name, "rel")) continue;
      seen = true;
      rel = std::move(text);
    }
    return std::ranges::any_of(split(rel, ' '), [](std::string_view type) { return ascii_iequals(type, "next"); });
  }

  std::string_view rest_;
};

}  // namespace

std::string next_link(std::string_view link) { return LinkReader(link).next(); }

}  // namespace watchword::http
