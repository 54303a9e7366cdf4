#include "context/gitlab_fields.h"

#include <algorithm>

namespace watchword::context {
namespace {

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

}  // namespace

bool is_commit_id(std::string_view text) {
  const auto hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  return (text.size() == 40 || text.size() == 64) && std::ranges::all_of(text, hex);
}

std::optional<Time> parse_gitlab_time(std::string_view text) {
  constexpr std::size_t kDate = 10;  // of "2026-01-02 03:04:05 UTC"
  if (text.size() <= kDate || text[kDate] != ' ') return from_rfc3339(text);
  std::string plain(text);
  plain[kDate] = 'T';
  const std::size_t space = plain.find(' ');
  if (space == std::string::npos) return std::nullopt;
  const std::string zone = plain.substr(space + 1);
  if (zone == "UTC")
    plain.replace(space, std::string::npos, "Z");
  else if (zone.size() == 5)
    plain.replace(space, std::string::npos, zone.substr(0, 3) + ":" + zone.substr(3));
  else
    return std::nullopt;
  return from_rfc3339(plain);
}

Result<GitlabFields> GitlabFields::of(const Json& value, std::string path) {
  if (value.members() == nullptr)
    return fail(Reason::event_malformed, std::string(value.type_name()), "an object", std::move(path));
  return GitlabFields(value, std::move(path));
}

const Json* GitlabFields::find(std::string_view key) const {
  const Json* value = object_->find(key);
  return value == nullptr || value->is_null() ? nullptr : value;
}

std::unexpected<Error> GitlabFields::wrong(std::string_view key, std::string found, std::string expected) const {
  return fail(Reason::event_malformed, std::move(found), std::move(expected), path(key));
}

std::unexpected<Error> GitlabFields::wrong_text(std::string_view key, std::string_view text,
                                                std::string expected) const {
  constexpr std::size_t kQuoted = 60;
  return wrong(key, "'" + std::string(text.substr(0, kQuoted)) + (text.size() > kQuoted ? "...'" : "'"),
               std::move(expected));
}

std::unexpected<Error> GitlabFields::wrong_type(std::string_view key, const Json& value, std::string expected) const {
  return wrong(key, std::string(value.type_name()), std::move(expected));
}

template <class T>
Result<T> GitlabFields::present(std::string_view key, Result<T> value) const {
  if (value && find(key) == nullptr) return wrong(key, "nothing", "a value");
  return value;
}

Result<std::optional<GitlabFields>> GitlabFields::maybe_object(std::string_view key) const {
  const Json* value = find(key);
  if (value == nullptr) return std::nullopt;
  return of(*value, path(key));
}

Result<GitlabFields> GitlabFields::object(std::string_view key) const {
  const Json* value = object_->find(key);
  if (value == nullptr) return wrong(key, "nothing", "an object");
  return of(*value, path(key));
}

Result<const Json::Array*> GitlabFields::maybe_list(std::string_view key) const {
  static const Json::Array kNone;
  const Json* value = find(key);
  if (value == nullptr) return &kNone;
  if (value->array_items() == nullptr) return wrong_type(key, *value, "a list");
  if (value->array_items()->size() > kMaxItems)
    return wrong(key, std::to_string(value->array_items()->size()) + " items", "at most " + std::to_string(kMaxItems));
  return value->array_items();
}

Result<std::string> GitlabFields::maybe_id(std::string_view key) const {
  const Json* value = find(key);
  if (value == nullptr) return std::string();
  if (value->integer() == nullptr) return wrong_type(key, *value, "a positive integer");
  if (*value->integer() <= 0) return wrong(key, std::to_string(*value->integer()), "a positive integer");
  return std::to_string(*value->integer());
}

Result<std::string_view> GitlabFields::maybe_text(std::string_view key) const {
  const Json* value = find(key);
  if (value == nullptr) return std::string_view();
  if (value->string() == nullptr) return wrong_type(key, *value, "a string");
  return *value->string();
}

Result<std::string> GitlabFields::maybe_commit(std::string_view key) const {
  WW_TRY(const std::string_view text, maybe_text(key));
  if (find(key) != nullptr && !is_commit_id(text))
    return wrong_text(key, text, "a commit: 40 or 64 lower-case hex digits");
  return std::string(text);
}

Result<std::string> GitlabFields::maybe_name(std::string_view key) const {
  WW_TRY(const std::string_view text, maybe_text(key));
  if (find(key) == nullptr) return std::string();
  if (text.empty() || text.size() > kMaxName || std::ranges::any_of(text, is_control))
    return wrong_text(key, text, "a name: 1 to " + std::to_string(kMaxName) + " bytes, no control characters");
  return std::string(text);
}

Result<std::optional<bool>> GitlabFields::maybe_flag(std::string_view key) const {
  const Json* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (value->boolean() == nullptr) return wrong_type(key, *value, "true or false");
  return *value->boolean();
}

Result<std::optional<Time>> GitlabFields::maybe_time(std::string_view key) const {
  WW_TRY(const std::string_view text, maybe_text(key));
  if (find(key) == nullptr) return std::nullopt;
  const auto time = parse_gitlab_time(text);
  if (!time) return wrong_text(key, text, "a time, such as 2026-01-02T03:04:05Z or 2026-01-02 03:04:05 UTC");
  return time;
}

Result<std::string> GitlabFields::id(std::string_view key) const { return present(key, maybe_id(key)); }
Result<std::string> GitlabFields::commit(std::string_view key) const { return present(key, maybe_commit(key)); }
Result<std::string> GitlabFields::name(std::string_view key) const { return present(key, maybe_name(key)); }

}  // namespace watchword::context
