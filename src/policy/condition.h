// Conditions: a closed subset of CEL (docs/conditions.md), typed and bounded at load, without loops or side effects.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"
#include "context/facts.h"
#include "issuer/claims.h"

namespace watchword::policy {

// What an expression may look at. `job` (or `person`) are the principal's claims as its profile normalised them,
// `request` is {method, path, host} and `now` is a timestamp. Using `job` of a person, or `person` of a machine, is an
// error at run time.
struct ConditionInput {
  const issuer::Claims* claims = nullptr;  // variable `job` (for machines) or `person`; also `claims` for either
  bool person = false;
  std::string_view issuer, project;     // scope of context.* facts
  std::string_view method, path, host;  // variable `request`; empty at the token endpoint
  Time now;
  const context::Facts* facts = nullptr;
  Duration accept{};  // context::Scope::accept
};

enum class Truth : std::uint8_t {
  yes,
  no,
  unknown,  // a fact is not known (yet): not met, and said so
  error,    // evaluation failed: type mismatch on a dynamic claim, missing claim, overflow
};

// A part of the expression and what it came to, for explain: "context.merged(into = \"main\", sha = job.sha)" -> no.
struct Part {
  std::string text;
  Truth truth;
  std::string note;  // found value, the fact's source and age, or the error
};

struct ConditionResult {
  Truth truth = Truth::error;
  std::string because;  // the smallest part that decided it, as text with what was found; empty for yes
  std::string fix;      // what would have to change, where it is known (context functions know); may be empty
};

class Condition {
 public:
  // condition_invalid with line:column within the text (1-based), what was found, what was expected, nearest word.
  // The position is Error::where.
  static Result<Condition> compile(std::string_view text);
  ConditionResult evaluate(const ConditionInput& input) const;  // any thread
  // The parts that &&, || and ?: put together, in the order of the text; of ?: the test and the branch taken.
  std::vector<Part> explain(const ConditionInput& input) const;
  bool asks_facts() const;  // there is a context.* in it
  const std::string& text() const { return text_; }

  // `policy eval`: any expression, any result. `variables` is an object: its members are the variables. Three of them
  // mean more: "context" is the table of TableFacts, "now" (RFC 3339) takes the place of `now`, and "issuer" and
  // "project" (else job.project_path) say whose facts are asked for. Timestamps come out as RFC 3339, durations as
  // "600s". Errors: condition_invalid, condition_failed, context_unknown.
  static Result<Json> evaluate_any(std::string_view text, const Json& variables, Time now);

 private:
  struct Program;
  Condition() = default;
  std::string text_;
  std::shared_ptr<const Program> program_;
};

}  // namespace watchword::policy
