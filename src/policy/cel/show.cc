// Values for people and as JSON.
#include <fmt/format.h>

#include <cmath>

#include "base/encoding.h"
#include "base/text.h"
#include "policy/cel/time.h"
#include "policy/cel/value.h"

namespace watchword::policy::cel {
namespace {

constexpr std::size_t kShown = 100;  // bytes of a value shown to people

Json number_as_json(double number) {
  if (std::isnan(number)) return "NaN";
  if (std::isinf(number)) return number > 0 ? "Infinity" : "-Infinity";
  return number;
}

Result<Json> list_as_json(const List& list) {
  Json out = Json::array();
  for (std::size_t i = 0; i < list.size(); ++i) {
    WW_TRY(Json item, to_json(list.at(i)));
    out.push(std::move(item));
  }
  return out;
}

Result<Json> map_as_json(const Map& map) {
  Json out = Json::object();
  for (std::size_t i = 0; i < map.size(); ++i) {
    const Value key = map.key(i);
    const auto* text = key.as<std::string_view>();
    if (text == nullptr)
      return fail(Reason::condition_failed, fmt::format("a map with the key {}", show(key)),
                  "string keys, for a result that is shown as JSON");
    WW_TRY(Json value, to_json(map.value(i)));
    out.set(*text, std::move(value));
  }
  return out;
}

// A prefix that ends between characters.
std::string_view cut(std::string_view text) {
  if (text.size() <= kShown) return text;
  std::size_t end = kShown;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return text.substr(0, end);
}

std::string show_list(const List& list) {
  std::string out = "[";
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (out.size() > kShown) return out + ", ...]";
    out += (i == 0 ? "" : ", ") + show(list.at(i));
  }
  return out + "]";
}

std::string show_map(const Map& map) {
  std::string out = "{";
  for (std::size_t i = 0; i < map.size(); ++i) {
    if (out.size() > kShown) return out + ", ...}";
    out += (i == 0 ? "" : ", ") + show(map.key(i)) + ": " + show(map.value(i));
  }
  return out + "}";
}

}  // namespace

Result<Json> to_json(const Value& value) {
  if (const auto* failure = value.failure()) {
    auto error = fail(failure->unknown ? Reason::context_unknown : Reason::condition_failed, failure->text);
    error.error().fix = failure->fix;
    return error;
  }
  if (const auto* flag = value.as<bool>()) return Json(*flag);
  if (const auto* integer = value.as<std::int64_t>()) return Json(*integer);
  if (const auto* number = value.as<double>()) return number_as_json(*number);
  if (const auto* text = value.as<std::string_view>()) return Json(*text);
  if (const auto* time = value.as<Time>()) return Json(show_timestamp(*time));
  if (const auto* duration = value.as<Duration>()) return Json(show_duration(*duration));
  if (const auto* list = value.as<List>()) return list_as_json(*list);
  if (const auto* map = value.as<Map>()) return map_as_json(*map);
  return Json();
}

std::string show(const Value& value) {
  if (const auto* failure = value.failure()) return failure->text;
  if (const auto* flag = value.as<bool>()) return *flag ? "true" : "false";
  if (const auto* integer = value.as<std::int64_t>()) return fmt::format("{}", *integer);
  if (const auto* number = value.as<double>()) return fmt::format("{}", *number);
  if (const auto* text = value.as<std::string_view>())
    return fmt::format("\"{}\"{}", printable(cut(*text)), text->size() > kShown ? "..." : "");
  if (const auto* time = value.as<Time>()) return show_timestamp(*time);
  if (const auto* duration = value.as<Duration>()) return show_duration(*duration);
  if (const auto* list = value.as<List>()) return show_list(*list);
  if (const auto* map = value.as<Map>()) return show_map(*map);
  return "null";
}

}  // namespace watchword::policy::cel
