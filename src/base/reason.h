// Why something was refused or failed: one vocabulary for the API, the CLI, the records and docs/reasons.md.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace watchword {

enum class Reason : std::uint8_t {
#define REASON(name, kind, meaning, fix) name,
#include "base/reason.def"
#undef REASON
};

// What a reason means to whoever asked. `denied` is an answer; `error`, `unavailable` and `upstream*` say that
// there is none, and give no access either.
enum class ReasonKind : std::uint8_t {
  unauthenticated,   // who asks is not established (401)
  denied,            // established, and not allowed (403)
  invalid,           // the request itself is wrong (400)
  not_found,         // 404
  unavailable,       // cannot answer now (503)
  upstream,          // the backend failed (502)
  upstream_timeout,  // the backend did not answer in time (504)
  error,             // the gate failed (500)
  config,            // a file or command line is wrong (CLI only)
  corrupt,           // the audit log does not verify (CLI only)
};

struct ReasonText {
  std::string_view name;     // snake_case, stable
  std::string_view meaning;  // one line
  std::string_view fix;      // one line
  ReasonKind kind;
};

const ReasonText& describe(Reason reason);
std::string_view name(Reason reason);
std::optional<Reason> reason_from_name(std::string_view name);
std::span<const Reason> all_reasons();

}  // namespace watchword
