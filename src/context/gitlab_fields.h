// The members of GitLab's JSON documents by the types that GitLab gives them. Whatever is of another form is an
// event_malformed that names the member's path, such as builds[3].id, and what was expected.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"

namespace watchword::context {

// One object of a document; valid as long as that. maybe_...: null and absent are the same, given as nothing or "".
class GitlabFields {
 public:
  static Result<GitlabFields> of(const Json& value, std::string path);

  Result<GitlabFields> object(std::string_view key) const;
  Result<std::optional<GitlabFields>> maybe_object(std::string_view key) const;
  Result<const Json::Array*> maybe_list(std::string_view key) const;  // never null; at most kMaxItems

  // A positive integer, as a decimal string.
  Result<std::string> id(std::string_view key) const;
  Result<std::string> maybe_id(std::string_view key) const;
  // 40 or 64 lower-case hex digits.
  Result<std::string> commit(std::string_view key) const;
  Result<std::string> maybe_commit(std::string_view key) const;
  // Of a branch, environment or status: not empty, at most kMaxName bytes, without control characters (git allows
  // none).
  Result<std::string> name(std::string_view key) const;
  Result<std::string> maybe_name(std::string_view key) const;
  Result<std::string_view> maybe_text(std::string_view key) const;  // any string
  Result<std::optional<bool>> maybe_flag(std::string_view key) const;
  Result<std::optional<Time>> maybe_time(std::string_view key) const;

  std::string path(std::string_view key) const {
    return path_.empty() ? std::string(key) : path_ + "." + std::string(key);
  }
  std::unexpected<Error> wrong(std::string_view key, std::string found, std::string expected) const;
  std::unexpected<Error> wrong_text(std::string_view key, std::string_view text, std::string expected) const;  // quoted

  static constexpr std::size_t kMaxItems = 10'000;
  static constexpr std::size_t kMaxName = 1024;

 private:
  GitlabFields(const Json& object, std::string path) : object_(&object), path_(std::move(path)) {}
  const Json* find(std::string_view key) const;  // null where absent or null
  std::unexpected<Error> wrong_type(std::string_view key, const Json& value, std::string expected) const;
  template <class T>
  Result<T> present(std::string_view key, Result<T> value) const;

  const Json* object_;
  std::string path_;
};

bool is_commit_id(std::string_view text);  // 40 (SHA-1) or 64 (SHA-256) lower-case hex digits
// "2026-01-02T03:04:05.678Z" with any offset (RFC 3339), "2026-01-02 03:04:05 UTC", "2026-01-02 03:04:05 +0200".
std::optional<Time> parse_gitlab_time(std::string_view text);

}  // namespace watchword::context
