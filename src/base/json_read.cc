// The strict reader: simdjson finds the structure and checks UTF-8 and numbers, this adds what it lets through
// (duplicate keys, byte-order marks, integers beyond int64, lone surrogates, our limits).
#include <simdjson.h>

#include <algorithm>
#include <optional>
#include <span>

#include "base/encoding.h"
#include "base/json.h"
#include "base/text.h"

namespace watchword {
namespace {

namespace dom = simdjson::dom;

constexpr std::size_t kDeepest = 1023;           // simdjson's own limit, by default
constexpr std::size_t kKeepCapacity = 64 << 10;  // a thread keeps buffers for documents up to this size
constexpr std::size_t kQuotedKeyBytes = 100;

struct Problem {
  std::string found, expected;
};

Problem too_deep(const JsonLimits& limits) {
  return {"nesting deeper than the limit", "at most " + std::to_string(limits.max_depth) + " levels"};
}

struct RawMember {
  std::string_view key;
  dom::element value;
};

}  // namespace

// Turns simdjson's tree into ours. After a false, problem() says what was wrong.
class JsonReader {
 public:
  JsonReader(const JsonLimits& limits, bool check_strings) : limits_(limits), check_strings_(check_strings) {}

  bool read(const dom::element& in, Json& out, std::size_t depth) {
    switch (in.type()) {
      case dom::element_type::ARRAY:
        return read_array(in.get_array().value_unsafe(), out, depth + 1);
      case dom::element_type::OBJECT:
        return read_object(in.get_object().value_unsafe(), out, depth + 1);
      case dom::element_type::STRING:
        return read_string(in.get_string().value_unsafe(), out.value_.emplace<std::string>());
      case dom::element_type::INT64:
        out.value_ = in.get_int64().value_unsafe();
        return true;
      case dom::element_type::DOUBLE:
        out.value_ = in.get_double().value_unsafe();
        return true;
      case dom::element_type::BOOL:
        out.value_ = in.get_bool().value_unsafe();
        return true;
      case dom::element_type::NULL_VALUE:
        return true;
      case dom::element_type::UINT64:
        return refuse("an integer beyond 64 bits with sign", "integers from -2^63 to 2^63-1");
    }
    return refuse("a value of unknown type", "JSON");
  }

  Problem& problem() { return problem_; }

 private:
  bool refuse(std::string found, std::string expected) {
    problem_ = {std::move(found), std::move(expected)};
    return false;
  }

  bool within_depth(std::size_t depth) {
    if (depth > limits_.max_depth) problem_ = too_deep(limits_);
    return depth <= limits_.max_depth;
  }

  bool read_string(std::string_view in, std::string& out) {
    if (check_strings_ && !is_utf8(in)) return refuse("half of a surrogate pair", "whole Unicode characters");
    out = in;
    return true;
  }

  bool read_array(const dom::array& in, Json& out, std::size_t depth) {
    if (!within_depth(depth)) return false;
    auto& items = out.value_.emplace<Json::Array>();
    items.reserve(in.size());
    for (const dom::element item : in)
      if (!read(item, items.emplace_back(), depth)) return false;
    return true;
  }

  // Members are sorted while they are still cheap to move. raw_ serves all levels as a stack: this level's part
  // begins at `first`.
  bool read_object(const dom::object& in, Json& out, std::size_t depth) {
    if (!within_depth(depth)) return false;
    const std::size_t first = raw_.size();
    for (const auto [key, value] : in) raw_.push_back({key, value});
    const std::span<RawMember> mine = std::span(raw_).subspan(first);
    std::ranges::sort(mine, {}, &RawMember::key);
    const auto twice = std::ranges::adjacent_find(mine, {}, &RawMember::key);
    if (twice != mine.end())
      return refuse("the key '" + printable(twice->key.substr(0, kQuotedKeyBytes)) + "' twice in one object",
                    "each key once");
    auto& members = out.value_.emplace<Json::Object>();
    members.reserve(mine.size());
    for (std::size_t i = first, end = raw_.size(); i < end; ++i) {
      const RawMember raw = raw_[i];
      auto& [key, value] = members.emplace_back();
      if (!read_string(raw.key, key) || !read(raw.value, value, depth)) return false;
    }
    raw_.resize(first, RawMember{});
    return true;
  }

  const JsonLimits& limits_;
  const bool check_strings_;
  std::vector<RawMember> raw_;
  Problem problem_;
};

namespace {

Problem explain(simdjson::error_code code, const JsonLimits& limits) {
  switch (static_cast<int>(code)) {
    case simdjson::DEPTH_ERROR:
      return too_deep(limits);
    case simdjson::UTF8_ERROR:
      return {"bytes that are not UTF-8", "UTF-8"};
    case simdjson::EMPTY:
      return {"an empty document", "one JSON value"};
    case simdjson::STRING_ERROR:
      return {"a malformed string or escape", "escapes that RFC 8259 names"};
    case simdjson::UNESCAPED_CHARS:
      return {"a control character inside a string", "control characters escaped as \\u00XX"};
    case simdjson::UNCLOSED_STRING:
      return {"a string without its closing quote", "one whole JSON value"};
    case simdjson::NUMBER_ERROR:
      return {"a malformed number, or one beyond int64 or double", "a number as RFC 8259 writes it, within range"};
    case simdjson::T_ATOM_ERROR:
    case simdjson::F_ATOM_ERROR:
    case simdjson::N_ATOM_ERROR:
      return {"a word that is not true, false or null", "true, false or null"};
    case simdjson::MEMALLOC:
      return {"a document for which there is no memory", "a smaller document"};
    default:
      return {"a broken structure (comma, colon, bracket or text after the end)",
              "one whole JSON value and nothing after it"};
  }
}

std::unexpected<Error> invalid(Problem problem) {
  return fail(Reason::json_invalid, std::move(problem.found), std::move(problem.expected));
}

}  // namespace

Result<Json> parse_json(std::string_view text, const JsonLimits& wanted) {
  const JsonLimits limits{wanted.max_bytes, std::min(wanted.max_depth, kDeepest)};
  if (text.size() > limits.max_bytes)
    return invalid({std::to_string(text.size()) + " bytes", "at most " + std::to_string(limits.max_bytes) + " bytes"});
  if (text.starts_with("\xef\xbb\xbf")) return invalid({"a byte-order mark", "UTF-8 without one"});

  thread_local dom::parser kept(kKeepCapacity);
  std::optional<dom::parser> large;  // so that one large document does not stay in memory for good
  if (text.size() > kKeepCapacity) large.emplace();
  dom::parser& parser = large ? *large : kept;

  dom::element root;
  if (const auto code = parser.parse(text.data(), text.size()).get(root); code != simdjson::SUCCESS)
    return invalid(explain(code, limits));
  JsonReader reader(limits, text.find("\\u") != std::string_view::npos);
  Json out;
  if (!reader.read(root, out, 0)) return invalid(std::move(reader.problem()));
  return out;
}

}  // namespace watchword
