// nlohmann-json finds the structure and checks UTF-8, surrogates and numbers; this adds what it lets through (duplicate
// keys, byte-order marks, NUL as an end, integers beyond int64, our limits).
#include "base/json_portable.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/text.h"

namespace watchword {
namespace {

constexpr std::size_t kDeepest = 1023;  // as of parse_json
constexpr std::size_t kQuotedKeyBytes = 100;
constexpr int kOutOfRange = 406;  // the library's number for a number beyond double

struct Problem {
  std::string found, expected;
};

Problem beyond_int64() { return {"an integer beyond 64 bits with sign", "integers from -2^63 to 2^63-1"}; }

// What is open: its items, or its members in the order of the text.
struct Open {
  bool is_object = false;
  Json::Array items{};
  Json::Object members{};
  std::string key{};  // of the member whose value comes next
};

// Builds a value from the library's calls, without recursion; a false of ours ends its parsing.
class Builder {
 public:
  explicit Builder(const JsonLimits& limits) : limits_(limits) {}

  Json& root() { return root_; }
  Problem& problem() { return problem_; }

  bool null() { return add({}); }
  bool boolean(bool value) { return add(value); }
  bool number_integer(std::int64_t value) { return add(value); }
  // Only what is not negative comes here.
  bool number_unsigned(std::uint64_t value) {
    return std::in_range<std::int64_t>(value) ? add(static_cast<std::int64_t>(value)) : refuse(beyond_int64());
  }
  bool number_float(double value, const std::string& text) {
    return text.find_first_of(".eE") == std::string::npos ? refuse(beyond_int64()) : add(value);
  }
  bool string(std::string& value) { return add(std::move(value)); }
  bool binary(const std::vector<std::uint8_t>& /*of formats that are not read here*/) { return false; }
  bool start_object(std::size_t /*unknown*/) { return open(true); }
  bool start_array(std::size_t /*unknown*/) { return open(false); }
  bool key(std::string& text) {
    open_.back().key = std::move(text);
    return true;
  }
  bool end_array() {
    Json array(std::move(open_.back().items));
    open_.pop_back();
    return add(std::move(array));
  }
  bool end_object() {
    auto members = std::move(open_.back().members);
    open_.pop_back();
    std::ranges::sort(members, {}, &Json::Member::first);
    const auto twice = std::ranges::adjacent_find(members, {}, &Json::Member::first);
    if (twice != members.end())
      return refuse(
          {"the key '" + printable(std::string_view(twice->first).substr(0, kQuotedKeyBytes)) + "' twice in one object",
           "each key once"});
    Json object = Json::object();
    for (auto& [key, value] : members) object.set(key, std::move(value));  // in their order: each goes to the end
    return add(std::move(object));
  }
  bool parse_error(std::size_t at, const std::string& /*token*/, const nlohmann::detail::exception& error) {
    if (error.id == kOutOfRange) return refuse({"a number beyond double", "a number within range"});
    return refuse(
        {"text that is not JSON, at byte " + std::to_string(at), "one whole JSON value and nothing after it"});
  }

 private:
  bool refuse(Problem problem) {
    problem_ = std::move(problem);
    return false;
  }

  bool open(bool is_object) {
    if (open_.size() >= limits_.max_depth)
      return refuse({"nesting deeper than the limit", "at most " + std::to_string(limits_.max_depth) + " levels"});
    open_.push_back({.is_object = is_object});
    return true;
  }

  bool add(Json value) {
    if (open_.empty())
      root_ = std::move(value);
    else if (Open& last = open_.back(); last.is_object)
      last.members.emplace_back(std::move(last.key), std::move(value));
    else
      last.items.push_back(std::move(value));
    return true;
  }

  const JsonLimits& limits_;
  std::vector<Open> open_;
  Json root_;
  Problem problem_;
};

std::unexpected<Error> invalid(Problem problem) {
  return fail(Reason::json_invalid, std::move(problem.found), std::move(problem.expected));
}

}  // namespace

Result<Json> parse_json_portable(std::string_view text, const JsonLimits& wanted) {
  const JsonLimits limits{wanted.max_bytes, std::min(wanted.max_depth, kDeepest)};
  if (text.size() > limits.max_bytes)
    return invalid({std::to_string(text.size()) + " bytes", "at most " + std::to_string(limits.max_bytes) + " bytes"});
  if (text.starts_with("\xef\xbb\xbf")) return invalid({"a byte-order mark", "UTF-8 without one"});
  if (text.contains('\0')) return invalid({"a NUL byte", "control characters escaped as \\u00XX"});

  Builder builder(limits);
  if (!nlohmann::json::sax_parse(text.begin(), text.end(), &builder)) return invalid(std::move(builder.problem()));
  return std::move(builder.root());
}

}  // namespace watchword
