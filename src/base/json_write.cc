// The canonical writer (RFC 8785 3.2.2, except that a double always reads back as a double).
#include <fmt/format.h>

#include <cmath>

#include "base/encoding.h"
#include "base/json.h"

namespace watchword {
namespace {

constexpr std::size_t kUsualBytes = 512;                   // of a document: spares it most of its growing
constexpr std::string_view kReplacement = "\xef\xbf\xbd";  // U+FFFD

bool is_plain(char c) { return static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\'; }

void write_escape(char c, std::string& out) {
  switch (c) {
    case '\b':
      out += "\\b";
      return;
    case '\t':
      out += "\\t";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\f':
      out += "\\f";
      return;
    case '\r':
      out += "\\r";
      return;
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    default:
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned char>(c));
  }
}

std::string mended(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t length = first_utf8_character(text).length;
    out += length == 0 ? kReplacement : text.substr(0, length);
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return out;
}

void write_string(std::string_view text, std::string& out) {
  if (!is_utf8(text)) return write_string(mended(text), out);
  out += '"';
  std::size_t plain = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (is_plain(text[i])) continue;
    out.append(text, plain, i - plain);
    write_escape(text[i], out);
    plain = i + 1;
  }
  out.append(text, plain);
  out += '"';
}

void write_double(double value, std::string& out) {
  if (!std::isfinite(value)) {
    out += "null";  // as ECMAScript does: JSON has no such number, and the reader never makes one
    return;
  }
  const std::string text = fmt::format("{}", value);
  out += text;
  if (text.find_first_of(".e") == std::string::npos) out += ".0";
}

// Objects and arrays, on one line or indented by two a level.
class Writer {
 public:
  Writer(std::string& out, bool pretty) : out_(out), pretty_(pretty) {}

  void write(const Json& value) {
    if (const auto* b = value.boolean())
      out_ += *b ? "true" : "false";
    else if (const auto* i = value.integer())
      fmt::format_to(std::back_inserter(out_), "{}", *i);
    else if (const auto* d = value.number())
      write_double(*d, out_);
    else if (const auto* s = value.string())
      write_string(*s, out_);
    else if (const auto* items = value.array_items())
      write_list('[', *items, ']', [this](const Json& item) { write(item); });
    else if (const auto* members = value.members())
      write_list('{', *members, '}', [this](const Json::Member& member) { write_member(member); });
    else
      out_ += "null";
  }

 private:
  void write_member(const Json::Member& member) {
    write_string(member.first, out_);
    out_ += pretty_ ? ": " : ":";
    write(member.second);
  }

  template <class Items, class WriteItem>
  void write_list(char open, const Items& items, char close, WriteItem&& write_item) {
    out_ += open;
    ++level_;
    bool first = true;
    for (const auto& item : items) {
      if (!first) out_ += ',';
      first = false;
      new_line();
      write_item(item);
    }
    --level_;
    if (!items.empty()) new_line();
    out_ += close;
  }

  void new_line() {
    if (pretty_) out_.append(1, '\n').append(2 * level_, ' ');
  }

  std::string& out_;
  const bool pretty_;
  std::size_t level_ = 0;
};

}  // namespace

void Json::dump_to(std::string& out) const { Writer(out, false).write(*this); }

std::string Json::dump() const {
  std::string out;
  out.reserve(kUsualBytes);
  dump_to(out);
  return out;
}

std::string Json::pretty() const {
  std::string out;
  Writer(out, true).write(*this);
  return out;
}

}  // namespace watchword
