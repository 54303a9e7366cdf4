// Tokens of CEL: names, numbers, strings and symbols; white space and // comments between them.
#include "policy/cel/lexer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/text.h"
#include "policy/cel/ast.h"
#include "policy/cel/string_literal.h"

namespace watchword::policy::cel {
namespace {

constexpr std::array<std::string_view, 24> kSymbols{"&&", "||", "==", "!=", "<=", ">=", "<", ">", "!", "?", ":", "+",
                                                    "-",  "*",  "/",  "%",  "(",  ")",  "[", "]", "{", "}", ",", "."};

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_name_start(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_name(char c) { return is_name_start(c) || is_digit(c); }
bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f'; }

class Lexer {
 public:
  Lexer(std::string_view text, Workspace& kept) : text_(text), kept_(kept) {}

  Result<std::vector<Token>> run() {
    std::vector<Token> out;
    for (skip_space(); at_ < text_.size(); skip_space()) {
      begin_ = at_;
      WW_TRY(Token token, next());
      out.push_back(token);
    }
    begin_ = at_;
    out.push_back(token(Token::Type::end));
    return out;
  }

 private:
  char peek(std::size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }
  bool starts(std::string_view with) const { return text_.substr(at_).starts_with(with); }

  void skip_space() {
    for (; at_ < text_.size(); ++at_) {
      if (starts("//")) at_ = std::min(text_.find('\n', at_), text_.size());
      if (at_ == text_.size() || !is_space(text_[at_])) return;
    }
  }

  Token token(Token::Type type) const {
    Token out;
    out.type = type;
    out.begin = static_cast<std::uint32_t>(begin_);
    out.end = static_cast<std::uint32_t>(at_);
    out.text = text_.substr(begin_, at_ - begin_);
    return out;
  }

  std::unexpected<Error> bad(std::string found, std::string expected, std::string fix = {}) const {
    return invalid(text_, begin_, std::move(found), std::move(expected), std::move(fix));
  }

  Result<Token> next() {
    const char c = peek();
    if (is_digit(c) || (c == '.' && is_digit(peek(1)))) return number();
    if (const std::size_t prefix = string_prefix(); prefix != std::string_view::npos) return string(prefix);
    if (is_name_start(c)) {
      while (is_name(peek())) ++at_;
      return token(Token::Type::identifier);
    }
    for (std::string_view symbol : kSymbols)
      if (starts(symbol)) {
        at_ += symbol.size();
        return token(Token::Type::symbol);
      }
    if (c == '=') {  // named arguments of context functions; the parser refuses it elsewhere
      ++at_;
      return token(Token::Type::symbol);
    }
    if (c == '&' || c == '|') return bad(fmt::format("'{}'", c), fmt::format("'{0}{0}'", c));
    return bad(fmt::format("the character '{}'", text_.substr(at_, 1)), "an expression",
               c == '`' ? "write a[\"name\"] for a field whose name is not an identifier" : "");
  }

  Result<Token> number() {
    if (starts("0x") || starts("0X")) return integer(16, 2);
    std::size_t end = at_;
    const auto digits = [&] {
      while (end < text_.size() && is_digit(text_[end])) ++end;
    };
    digits();
    bool whole = true;
    if (end + 1 < text_.size() && text_[end] == '.' && is_digit(text_[end + 1])) {
      whole = false;
      ++end;
      digits();
    }
    if (end < text_.size() && (text_[end] == 'e' || text_[end] == 'E')) {
      std::size_t exponent = end + 1;
      if (exponent < text_.size() && (text_[exponent] == '+' || text_[exponent] == '-')) ++exponent;
      if (exponent < text_.size() && is_digit(text_[exponent])) {
        whole = false;
        end = exponent;
        digits();
      }
    }
    return whole ? integer(10, 0) : floating(end);
  }

  Result<Token> integer(int base, std::size_t prefix) {
    std::uint64_t value = 0;
    const char* const first = text_.data() + at_ + prefix;
    const auto [end, error] = std::from_chars(first, text_.data() + text_.size(), value, base);
    constexpr std::uint64_t kLimit = std::uint64_t{1} << 63;
    if (end == first && error == std::errc::invalid_argument) return bad("0x without digits", "a hexadecimal number");
    if (error != std::errc() || value > kLimit) return bad("an integer beyond 64 bits", "at most 9223372036854775807");
    at_ = static_cast<std::size_t>(end - text_.data());
    return finish_number(Token::Type::integer, value, 0);
  }

  Result<Token> floating(std::size_t end) {
    double value = 0;
    const std::string_view digits = text_.substr(at_, end - at_);
    const auto [stop, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    const bool tiny = digits.find("e-") != std::string_view::npos || digits.find("E-") != std::string_view::npos;
    if (error == std::errc::result_out_of_range && !tiny) return bad("a number beyond double", "at most 1.79e308");
    if (error == std::errc::result_out_of_range) value = 0;
    at_ = end;
    return finish_number(Token::Type::number, 0, value);
  }

  Result<Token> finish_number(Token::Type type, std::uint64_t magnitude, double number) {
    if (peek() == 'u' || peek() == 'U')
      return bad("an unsigned literal", "an int", "leave the 'u' out: there are no unsigned integers here");
    if (is_name(peek())) return bad("a name directly after a number", "an operator between them");
    Token out = token(type);
    out.magnitude = magnitude;
    out.number = number;
    return out;
  }

  // Length of r, b, rb... before a quote; npos when no string begins here.
  std::size_t string_prefix() const {
    std::size_t length = 0;
    while (length < 2 && std::string_view("rRbB").find(peek(length)) != std::string_view::npos && peek(length) != '\0')
      ++length;
    return peek(length) == '"' || peek(length) == '\'' ? length : std::string_view::npos;
  }

  Result<Token> string(std::size_t prefix) {
    const std::string_view mark = text_.substr(at_, prefix);
    if (mark.find_first_of("bB") != std::string_view::npos)
      return bad("a bytes literal", "a string", "leave the 'b' out: there are no bytes here");
    if (prefix > 1) return bad("a doubled r before a string", "one r");
    at_ += prefix;
    const bool raw = prefix == 1;
    const std::string quote(starts("\"\"\"") || starts("'''") ? 3 : 1, peek());
    at_ += quote.size();
    const std::size_t body = at_;
    if (!find_end(quote, raw)) return bad("a string without end", fmt::format("{} at its end", quote));
    const std::string_view inside = text_.substr(body, at_ - quote.size() - body);
    Token out = token(Token::Type::string);
    if (raw || inside.find('\\') == std::string_view::npos) {
      out.string = inside;
      return out;
    }
    auto made = unescape(inside);
    if (!made) return invalid(text_, body + made.error().at, made.error().found, made.error().expected);
    const Value kept = kept_.text(*std::move(made));
    if (const auto* view = kept.as<std::string_view>()) out.string = *view;
    return out;
  }

  // Moves behind the closing quote; false when there is none, or a line ends before a single one.
  bool find_end(std::string_view quote, bool raw) {
    for (; at_ < text_.size(); ++at_) {
      if (starts(quote)) {
        at_ += quote.size();
        return true;
      }
      if (quote.size() == 1 && (peek() == '\n' || peek() == '\r')) return false;
      if (peek() == '\\' && !raw) ++at_;
    }
    return false;
  }

  std::string_view text_;
  Workspace& kept_;
  std::size_t at_ = 0, begin_ = 0;
};

}  // namespace

std::unexpected<Error> invalid(std::string_view text, std::size_t at, std::string found, std::string expected,
                               std::string fix) {
  const std::string_view before = text.substr(0, at);
  const auto lines = std::count(before.begin(), before.end(), '\n');
  const std::string_view line = before.substr(before.rfind('\n') + 1);  // npos + 1 is 0
  const auto characters = std::count_if(line.begin(), line.end(), [](char c) { return (c & 0xc0) != 0x80; });
  auto error = fail(Reason::condition_invalid, std::move(found), std::move(expected),
                    fmt::format("{}:{}", lines + 1, characters + 1));
  error.error().fix = std::move(fix);
  return error;
}

Result<std::vector<Token>> tokenize(std::string_view text, Workspace& kept) { return Lexer(text, kept).run(); }

std::string on_one_line(std::string_view text) {
  Workspace kept;
  const auto tokens = tokenize(text, kept);
  if (!tokens || text.find('\n') == std::string_view::npos) return std::string(text);
  std::string out;
  std::size_t last = 0;
  for (const Token& token : *tokens) {
    if (token.begin > last && !out.empty() && token.type != Token::Type::end) out += ' ';
    out += token.text;
    last = token.end;
  }
  return out;
}

}  // namespace watchword::policy::cel
