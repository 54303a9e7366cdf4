// What supersedes what: pure rules, one per kind of fact. They make facts monotone: whatever order changes arrive in,
// however often, nothing goes back to what was true before.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/json.h"
#include "context/event.h"

namespace watchword::context {

// Key and value of each kind within its project:
//   job            job id           {"status", "pipeline"}                          finished: final
//   pipeline       pipeline id      the status, a string
//   mr             iid              {"iid", "state", "draft", "sha", ...}           merged: final
//   merged         commit_key()     {"merged", "commits": and merge request of the change,
//                                   "more": true where they are more than kMaxNames}             true: final
//   reverted       commit_key(), or with "!iid"  true                                            final
//   deployment     environment      {"deployment", "status", "sha", "ref", "job"}
//   protected_ref  branch           a boolean
//   missed_revert  branch, or empty for all  true: until its time, some revert there was not kept
enum class FactKind : std::uint8_t { job, pipeline, mr, merged, reverted, deployment, protected_ref, missed_revert };
inline constexpr std::size_t kFactKinds = 8;
inline constexpr std::string_view kAnyBranch;  // the empty key of missed_revert
inline constexpr std::size_t kMaxNames = 64;   // that one merged commit is known by
std::string_view name(FactKind kind);          // as in store::FactRow; "protected" for protected_ref
std::optional<FactKind> fact_kind(std::string_view name);
std::string commit_key(std::string_view branch, std::string_view sha);
std::uint64_t id_number(std::string_view id);  // larger is newer; 0 for what is no decimal number

struct Known {
  Json value;
  std::string source;
  Time at, learned;  // since when it is so; when it was last confirmed
  Time noted;        // mr: when approved was said; merged: as of when no revert was known. Epoch: never
};

struct Said {
  Json value;
  Time at, noted;
  bool api = false;       // an answer of the API: a look at the whole object
  bool prevails = false;  // what was known has aged: the time says no more which is newer
};

// What is known afterwards. The same as before: confirmed.
struct Next {
  Json value;
  Time at, noted;
};

// Nullopt: it says nothing new, as it is older or contradicts what is final. `known` may be null.
std::optional<Next> supersede(FactKind kind, const Known* known, const Said& said);

bool is_of(FactKind kind, const Json& value);     // has the type of the kind's values
bool is_final(FactKind kind, const Json& value);  // does not change any more, so does not age
std::optional<JobStatus> job_status(const Json& value);
bool is_true(const Json& object, std::string_view key);
Json without(const Json& object, std::string_view key);

}  // namespace watchword::context
