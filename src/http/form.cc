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
  std::string plain(text);
  std::ranges::replace(plain, '+', ' ');
  auto decoded = percent_decode(plain);
  if (!decoded || !is_utf8(*decoded)) return std::nullopt;
  return decoded;
}

bool is_raw(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte <= 0x20 || byte == 0x7f;
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
  if (std::ranges::any_of(text, is_raw)) return bad_form("white space or a control character in the form");
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
