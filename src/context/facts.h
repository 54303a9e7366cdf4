// Facts that change while a job runs. Conditions ask for them by name and arguments; what is not known is not guessed.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"

namespace watchword::context {

// A fact with its source, so that explain and the record can name it.
struct Fact {
  Json value;
  std::string source;       // "webhook", "api", "freeze", "test", or a line of the policy: "policy/billing.yaml:12"
  Time at;                  // since when it is so
  std::string why{};        // a person's words; mostly empty
  bool past_limit = false;  // too old for most, not for who asked (Scope::accept)
};

// Who asks: the issuer's configured name, and what the identity says of its project, job and commit.
struct Scope {
  std::string_view issuer, project;
  std::string_view project_id = {}, job = {}, pipeline = {}, ref = {}, sha = {};
  std::string_view job_project_id = {};  // where the job and its pipeline run: a fork's run elsewhere
  Duration accept{};                     // facts count that were shown within this, where the normal limit is shorter
};

// Whether the fact is of the job or its pipeline, and so of the project where that runs.
inline bool about_job(std::string_view fact) { return fact == "job_running" || fact == "pipeline_status"; }

// An immutable snapshot. Any thread.
class Facts {
 public:
  virtual ~Facts() = default;
  // `name` is the function without "context.", such as merged; `arguments` an object by parameter name.
  virtual std::optional<Fact> find(const Scope& scope, std::string_view name, const Json& arguments) const = 0;
  // Somebody above answered this question, which therefore is not asked here: for those who keep account (witness.h).
  virtual void answered(std::string_view, const Json&, const Fact&) const {}
  // The CI system said that the asking job has ended. False: it runs, or nobody knows.
  virtual bool job_over(const Scope&) const { return false; }
};

// Facts from a document: [{"fact": "merged", "project": "acme/billing", "arguments": {...}, "value": true}, ...].
// For policy test, explain and eval. "fact" and "value" are needed ("context.merged" is taken as "merged"); an entry
// without issuer, project or arguments holds for all of them, and given arguments must be exactly those of the
// question. The first that fits is the answer; frozen is else false. config_invalid with the place, such as facts[2].
class TableFacts final : public Facts {
 public:
  TableFacts() = default;  // knows nothing
  static Result<TableFacts> from_json(const Json& document, Time at);
  std::optional<Fact> find(const Scope& scope, std::string_view name, const Json& arguments) const override;

 private:
  struct Row {
    std::string issuer, project, name;
    Json arguments;
    Fact fact;
  };
  std::vector<Row> rows_;
};

}  // namespace watchword::context
