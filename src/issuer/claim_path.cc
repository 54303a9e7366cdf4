#include "issuer/claim_path.h"

#include <algorithm>
#include <charconv>

#include "base/encoding.h"
#include "base/text.h"

namespace watchword::issuer {
namespace {

constexpr std::size_t kMaxBytes = 512;
constexpr std::size_t kMaxSteps = 16;
constexpr std::size_t kMaxIndex = 9999;
constexpr std::string_view kRoot = "claims";
constexpr std::string_view kQuoteIt = "; a name with other characters is written claims[\"...\"]";

bool is_word_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("_-$@:").find(c) != std::string_view::npos;
}

bool is_word(std::string_view text) { return !text.empty() && std::ranges::all_of(text, is_word_character); }

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

std::unexpected<Error> wrong(std::string found, std::string expected) {
  return fail(Reason::config_invalid, std::move(found), std::move(expected));
}

}  // namespace

class ClaimPathParser {
 public:
  explicit ClaimPathParser(std::string_view text) : text_(text) { path_.text_ = text; }

  Result<ClaimPath> parse() {
    path_.plain_ = text_.find_first_of("[]") == std::string_view::npos;
    if (path_.plain_)
      plain_steps();
    else
      WW_CHECK(written_steps());
    if (path_.steps_.size() > kMaxSteps)
      return wrong("a claim path of " + std::to_string(path_.steps_.size()) + " steps",
                   "at most " + std::to_string(kMaxSteps));
    return std::move(path_);
  }

 private:
  void plain_steps() {
    auto words = split(text_, '.');
    const bool nested = words.size() > 1 && std::ranges::all_of(words, is_word);
    if (!nested) words = {text_};
    if (nested && words.front() == kRoot) words.erase(words.begin());
    for (const std::string_view word : words) path_.steps_.emplace_back(std::string(word));
  }

  Status written_steps() {
    WW_TRY(const std::string_view first, word());
    if (first != kRoot) path_.steps_.emplace_back(std::string(first));
    while (at_ < text_.size()) {
      if (text_[at_] == '.') {
        ++at_;
        WW_TRY(const std::string_view next, word());
        path_.steps_.emplace_back(std::string(next));
      } else if (text_[at_] == '[') {
        ++at_;
        WW_CHECK(subscript());
      } else {
        return here("'.', '[' or the end" + std::string(kQuoteIt));
      }
    }
    return {};
  }

  Result<std::string_view> word() {
    const std::size_t start = at_;
    while (at_ < text_.size() && is_word_character(text_[at_])) ++at_;
    if (at_ == start) return here("a name" + std::string(kQuoteIt));
    return text_.substr(start, at_ - start);
  }

  Status subscript() {
    const char first = at_ < text_.size() ? text_[at_] : '\0';
    if (first == '"' || first == '\'') {
      WW_TRY(std::string name, quoted(first));
      path_.steps_.emplace_back(std::move(name));
    } else {
      WW_TRY(const std::size_t number, index());
      path_.steps_.emplace_back(number);
    }
    if (at_ >= text_.size() || text_[at_] != ']') return here("']'");
    ++at_;
    return {};
  }

  Result<std::string> quoted(char quote) {
    const std::size_t start = at_++;
    while (at_ < text_.size() && text_[at_] != quote) at_ += quote == '"' && text_[at_] == '\\' ? 2 : 1;
    if (at_ >= text_.size()) {
      at_ = start;
      return here("a closing quote");
    }
    ++at_;
    const std::string_view whole = text_.substr(start, at_ - start);
    if (quote == '\'') return std::string(whole.substr(1, whole.size() - 2));
    const Result<Json> name = parse_json(whole);
    if (name && name->string() != nullptr) return *name->string();
    at_ = start;
    return here("a JSON string");
  }

  Result<std::size_t> index() {
    std::size_t number = 0;
    const std::string_view rest = text_.substr(at_);
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
    const auto digits = static_cast<std::size_t>(end - rest.data());
    const bool leading_zero = digits > 1 && rest.front() == '0';
    if (error != std::errc() || digits == 0 || leading_zero || number > kMaxIndex)
      return here("an index such as 0, or a name in quotes");
    at_ += digits;
    return number;
  }

  std::unexpected<Error> here(std::string expected) const {
    const std::string rest(text_.substr(at_));
    return wrong(
        "claim path '" + std::string(text_) + "', at " +
            (rest.empty() ? std::string("its end") : "'" + rest + "' (character " + std::to_string(at_ + 1) + ")"),
        std::move(expected));
  }

  std::string_view text_;
  std::size_t at_ = 0;
  ClaimPath path_;
};

Result<ClaimPath> ClaimPath::parse(std::string_view text) {
  if (text.empty()) return wrong("an empty claim path", "a claim's name, such as project_path");
  if (text.size() > kMaxBytes)
    return wrong("a claim path of " + std::to_string(text.size()) + " bytes", "at most " + std::to_string(kMaxBytes));
  if (!is_utf8(text) || std::ranges::any_of(text, is_control))
    return wrong("a claim path with control characters or invalid UTF-8", "printable text");
  if (text.front() == ' ' || text.back() == ' ')
    return wrong("claim path '" + std::string(text) + "'", "no space at its ends");
  return ClaimPathParser(text).parse();
}

namespace {

const Json* member(const Json* of, std::string_view name) { return of->find(name); }
const Json* item(const Json* of, std::size_t index) {
  const Json::Array* items = of->array_items();
  return items != nullptr && index < items->size() ? &(*items)[index] : nullptr;
}
std::optional<ClaimView> member(const std::optional<ClaimView>& of, std::string_view name) { return of->find(name); }
std::optional<ClaimView> item(const std::optional<ClaimView>& of, std::size_t index) {
  return of->is_array() && index < of->size() ? std::optional(of->item(index)) : std::nullopt;
}

}  // namespace

// At: a pointer, or an optional view.
template <class At>
At ClaimPath::walk(At claims) const {
  if (plain_)
    if (At literal = member(claims, text_)) return literal;
  At at = claims;
  for (const Step& step : steps_) {
    const auto* name = std::get_if<std::string>(&step);
    at = name != nullptr ? member(at, *name) : item(at, std::get<std::size_t>(step));
    if (!at) break;
  }
  return at;
}

const Json* ClaimPath::find(const Json& claims) const { return walk(&claims); }

std::optional<ClaimView> ClaimPath::find(ClaimView claims) const { return walk(std::optional(claims)); }

}  // namespace watchword::issuer
