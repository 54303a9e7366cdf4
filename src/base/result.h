// Errors are values. A function that can fail returns Result<T>; exceptions never cross a module's edge.
#pragma once

#include <expected>
#include <string>
#include <utility>

#include "base/reason.h"

namespace watchword {

// A refusal or failure: the reason, and what a person needs to mend it. Never holds a token, key or password.
struct [[nodiscard]] Error {
  Reason reason = Reason::internal;
  std::string found;     // what was there; may quote hostile input, so escape it where it is printed
  std::string expected;  // what would have been right
  std::string where;     // file:line:column, URL or path; empty when there is none
  std::string fix;       // overrides the reason's general fix when a better one is known
};

template <class T>
using Result = std::expected<T, Error>;
using Status = Result<void>;

// One line: "audience_mismatch: found 'x', expected 'y'". For logs and the CLI; control characters are escaped.
std::string to_string(const Error& error);
std::string_view fix_of(const Error& error);

inline std::unexpected<Error> fail(Reason reason, std::string found = {}, std::string expected = {},
                                   std::string where = {}) {
  return std::unexpected(Error{reason, std::move(found), std::move(expected), std::move(where), {}});
}

}  // namespace watchword

// WW_TRY(auto x, f()): x is f()'s value, or return f()'s error. WW_CHECK(f()): the same for a Status.
#define WW_CONCAT_(a, b) a##b
#define WW_CONCAT(a, b) WW_CONCAT_(a, b)
#define WW_TRY_(tmp, ret, decl, ...)                     \
  auto tmp = (__VA_ARGS__);                              \
  if (!tmp) ret std::unexpected(std::move(tmp).error()); \
  decl = *std::move(tmp)
#define WW_CHECK_(tmp, ret, ...) \
  if (auto tmp = (__VA_ARGS__); !tmp) ret std::unexpected(std::move(tmp).error())
#define WW_TRY(decl, ...) WW_TRY_(WW_CONCAT(ww_try_, __COUNTER__), return, decl, __VA_ARGS__)
#define WW_CHECK(...) WW_CHECK_(WW_CONCAT(ww_check_, __COUNTER__), return, __VA_ARGS__)
// The same inside a coroutine.
#define WW_CO_TRY(decl, ...) WW_TRY_(WW_CONCAT(ww_try_, __COUNTER__), co_return, decl, __VA_ARGS__)
#define WW_CO_CHECK(...) WW_CHECK_(WW_CONCAT(ww_check_, __COUNTER__), co_return, __VA_ARGS__)
