#include "issuer/claims.h"

#include <algorithm>
#include <cstring>

#include "base/encoding.h"

namespace watchword::issuer {
namespace {

constexpr std::size_t kWord = sizeof(std::uint32_t);
constexpr unsigned char kLongText = 255;
constexpr std::size_t kUsualBytes = 2048;

template <class T>
T read(const char* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

template <class T>
void write(std::string& out, T value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

std::string_view text_at(const char* at) {
  const auto length = static_cast<unsigned char>(*at);
  if (length < kLongText) return {at + 1, length};
  return {at + 1 + kWord, read<std::uint32_t>(at + 1)};
}

// Tells most keys of one object apart; neighbours such as project_id and project_path differ in length and end.
char mark_of(std::string_view key) {
  if (key.empty()) return 0;
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(key[i]); };
  return static_cast<char>(key.size() * 37 + byte(0) * 5U + byte(key.size() / 2) * 3U + byte(key.size() - 1));
}

bool is_plain(char c) { return static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\'; }

void dump_text(std::string_view text, std::string& out) {
  if (!std::ranges::all_of(text, is_plain) || !is_utf8(text)) return Json(text).dump_to(out);
  out += '"';
  out += text;
  out += '"';
}

}  // namespace

class ClaimsWriter {
 public:
  explicit ClaimsWriter(std::string& out) : out_(out) {}

  void value(const Json& json) {
    const std::size_t start = out_.size();
    if (const auto* flag = json.boolean()) return type(*flag ? Type::yes : Type::no);
    if (const auto* integer = json.integer()) return type(Type::integer), write(out_, *integer);
    if (const auto* number = json.number()) return type(Type::number), write(out_, *number);
    if (const auto* string = json.string()) return type(Type::string), text(*string);
    if (const auto* items = json.array_items()) return array(*items, start);
    if (const auto* members = json.members()) return object(*members, start);
    type(Type::null);
  }

 private:
  using Type = ClaimView::Type;
  void type(Type type) { out_ += static_cast<char>(type); }
  void word(std::size_t value) { write(out_, static_cast<std::uint32_t>(value)); }
  void text(std::string_view text) {
    if (text.size() < kLongText) {
      out_ += static_cast<char>(text.size());
    } else {
      out_ += static_cast<char>(kLongText);
      word(text.size());
    }
    out_ += text;
  }
  // Room for where the items will begin, and noting it.
  std::size_t reserve(std::size_t count) {
    const std::size_t table = out_.size();
    out_.append(count * kWord, '\0');
    return table;
  }
  void begins(std::size_t table, std::size_t index, std::size_t start) {
    const auto offset = static_cast<std::uint32_t>(out_.size() - start);
    std::memcpy(out_.data() + table + index * kWord, &offset, kWord);
  }

  void array(const Json::Array& items, std::size_t start) {
    type(Type::array);
    word(items.size());
    const std::size_t table = reserve(items.size());
    for (std::size_t i = 0; i < items.size(); ++i) {
      begins(table, i, start);
      value(items[i]);
    }
  }

  void object(const Json::Object& members, std::size_t start) {
    type(Type::object);
    word(members.size());
    for (const auto& [key, member] : members) out_ += mark_of(key);
    const std::size_t table = reserve(members.size());
    for (std::size_t i = 0; i < members.size(); ++i) {
      begins(table, i, start);
      text(members[i].first);
      value(members[i].second);
    }
  }

  std::string& out_;
};

Claims::Claims(const Json& claims) {
  std::string packed;
  if (claims.members() != nullptr) packed.reserve(kUsualBytes);
  ClaimsWriter(packed).value(claims);
  packed_.assign(packed);  // without the room to grow
}

std::optional<bool> ClaimView::boolean() const {
  if (type() == Type::yes) return true;
  return type() == Type::no ? std::optional(false) : std::nullopt;
}

std::optional<std::int64_t> ClaimView::integer() const {
  return type() == Type::integer ? std::optional(read<std::int64_t>(at_ + 1)) : std::nullopt;
}

std::optional<double> ClaimView::number() const {
  return type() == Type::number ? std::optional(read<double>(at_ + 1)) : std::nullopt;
}

std::optional<std::string_view> ClaimView::string() const {
  return type() == Type::string ? std::optional(text_at(at_ + 1)) : std::nullopt;
}

std::size_t ClaimView::size() const { return is_array() || is_object() ? read<std::uint32_t>(at_ + 1) : 0; }

ClaimView ClaimView::item(std::size_t index) const {
  return ClaimView(at_ + read<std::uint32_t>(at_ + 1 + kWord + index * kWord));
}

const char* ClaimView::member(std::size_t index) const {
  return at_ + read<std::uint32_t>(at_ + 1 + kWord + size() + index * kWord);
}

std::string_view ClaimView::key(std::size_t index) const { return text_at(member(index)); }

ClaimView ClaimView::value(std::size_t index) const {
  const auto name = key(index);
  return ClaimView(name.data() + name.size());
}

std::optional<ClaimView> ClaimView::find(std::string_view key) const {
  if (!is_object()) return std::nullopt;
  const char* const first = at_ + 1 + kWord;
  const char* const last = first + size();
  for (const char* mark = first;; ++mark) {
    mark = static_cast<const char*>(std::memchr(mark, mark_of(key), static_cast<std::size_t>(last - mark)));
    if (mark == nullptr) return std::nullopt;
    const auto index = static_cast<std::size_t>(mark - first);
    if (const auto found = this->key(index); found == key) return ClaimView(found.data() + found.size());
  }
}

Json ClaimView::json() const {
  switch (type()) {
    case Type::null:
      break;
    case Type::no:
    case Type::yes:
      return {*boolean()};
    case Type::integer:
      return {*integer()};
    case Type::number:
      return {*number()};
    case Type::string:
      return {*string()};
    case Type::array: {
      Json out = Json::array();
      for (std::size_t i = 0; i < size(); ++i) out.push(item(i).json());
      return out;
    }
    case Type::object: {
      Json out = Json::object();
      for (std::size_t i = 0; i < size(); ++i) out.set(key(i), value(i).json());
      return out;
    }
  }
  return {};
}

void ClaimView::dump_to(std::string& out) const {
  if (const auto text = string()) return dump_text(*text, out);
  if (!is_array() && !is_object()) return json().dump_to(out);
  out += is_array() ? '[' : '{';
  for (std::size_t i = 0; i < size(); ++i) {
    if (i != 0) out += ',';
    if (is_object()) dump_text(key(i), out), out += ':';
    (is_array() ? item(i) : value(i)).dump_to(out);
  }
  out += is_array() ? ']' : '}';
}

std::string ClaimView::dump() const {
  std::string out;
  out.reserve(kUsualBytes);
  dump_to(out);
  return out;
}

}  // namespace watchword::issuer
