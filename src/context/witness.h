// Facts that remember what they were asked, so that a decision can name what it rests on and what it lacked.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "context/facts.h"

namespace watchword::context {

// A question and its answer; none: it is not known.
struct Seen {
  std::string name;
  Json arguments;
  std::optional<Fact> fact;
  Duration accept{};            // Scope::accept of the question
  std::string to_text() const;  // "merged(into=main, sha=9f3c...)"
};

// For one decision, on one thread. Every question is answered for `scope`, whatever part of it the asker knew, but as
// old as the asker accepts.
class Witness final : public Facts {
 public:
  Witness(const Facts& facts, Scope scope) : facts_(facts), scope_(scope) {}
  std::optional<Fact> find(const Scope& scope, std::string_view name, const Json& arguments) const override;
  void answered(std::string_view name, const Json& arguments, const Fact& fact) const override;
  bool job_over(const Scope& scope) const override { return facts_.job_over(scope); }
  std::vector<Seen> take() { return std::move(seen_); }

 private:
  const Seen* seen(std::string_view name, const Json& arguments, Duration accept) const;

  const Facts& facts_;
  Scope scope_;
  mutable std::vector<Seen> seen_;  // in the order of the questions, each once
};

}  // namespace watchword::context
