// application/x-www-form-urlencoded, read strictly.
#include <algorithm>

#include "base/encoding.h"
#include "base/text.h"
#include "http/uri.h"

namespace watchword::http {
namespace {

constexpr std::size_t kMaxParameters = 100;

std::unexpected<Error> bad_form(std::string found) { return fail(Reason::request_invalid, std::move(found)); }

std::optional<std::string> decode(std::string_view text) {
  std::string spaced;  // most values, and so most secrets, are not copied into it
  if (text.find('+') != std::string_view::npos) {
    spaced = text;
    std::ranges::replace(spaced, '+', ' ');
    text = spaced;
  }
  auto decoded = percent_decode(text);
  if (!decoded || !is_utf8(*decoded)) return std::nullopt;
  return decoded;
}

bool has_raw(std::string_view text) {
  bool raw = false;  // no early return: this way the compiler checks 16 bytes at a time
  for (const char c : text) raw |= static_cast<unsigned char>(c) <= 0x20 || c == 0x7f;
  return raw;
}

// A parameter's name for an error. Anything unusual may be a misplaced secret.
std::string shown(std::string_view name) {
  const bool usual =
      name.size() <= 32 && std::ranges::all_of(name, [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; });
  return usual ? "parameter '" + std::string(name) + "'" : "a parameter";
}

}  // namespace

Result<Form> parse_form(std::string_view text, std::initializer_list<std::string_view> repeatable) {
  Form form;
  if (text.empty()) return form;
  if (has_raw(text)) return bad_form("white space or a control character in the form");
  for (std::string_view pair : split(text, '&')) {
    const std::size_t equals = std::min(pair.find('='), pair.size());
    if (equals == 0) return bad_form("a parameter without a name");
    auto name = decode(pair.substr(0, equals));
    auto value = decode(pair.substr(std::min(equals + 1, pair.size())));
    if (!name || !value) return bad_form("a bad escape or invalid UTF-8 in the form");
    if (find(form, *name) && std::ranges::find(repeatable, *name) == repeatable.end())
      return bad_form(shown(*name) + " twice");
    if (form.size() == kMaxParameters) return bad_form("more than 100 parameters");
    form.emplace_back(std::move(*name), std::move(*value));
  }
  return form;
}

const std::string* find(const Form& form, std::string_view name) {
  const auto at = std::ranges::find(form, name, &Form::value_type::first);
  return at == form.end() ? nullptr : &at->second;
}

}  // namespace watchword::http
