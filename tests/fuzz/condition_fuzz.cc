// Any text as a condition: refused with a place, or evaluated within its bounds, the same way each time. What explain
// shows of it is itself a condition with the same truth.
#include <cstdlib>
#include <string>
#include <string_view>

#include "policy/condition.h"

namespace {

using namespace watchword;
using policy::Condition;
using policy::Part;

void require(bool holds) {
  if (!holds) std::abort();
}

const Json& claims() {
  static const Json kClaims =
      parse_json(R"({"ref": "feature/x", "sha": "9f3c2d1", "ref_protected": false, "job_id": 4711, "share": 0.5,
        "groups": ["dev", "ops", "dev"], "a/b": {"c": [1, 2, {"d": null}]}, "text": "x\ny\u202e"})")
          .value();
  return kClaims;
}

const context::TableFacts& facts() {
  static const context::TableFacts kFacts =
      context::TableFacts::from_json(parse_json(R"([{"fact": "pipeline_status", "value": "running"},
        {"fact": "merged", "arguments": {"into": "main", "sha": "9f3c2d1"}, "value": false}])")
                                         .value(),
                                     from_unix(1'790'000'000))
          .value();
  return kFacts;
}

void check_parts(const Condition& condition, const policy::ConditionInput& input) {
  for (const Part& part : condition.explain(input)) {
    const auto alone = Condition::compile(part.text);
    if (!alone) {  // a branch of ?: that is no bool beside one that may be
      require(part.truth == policy::Truth::error);
      continue;
    }
    require(alone->evaluate(input).truth == part.truth);
    const auto again = alone->explain(input);
    require(again.size() == 1 && again[0].text == part.text && again[0].note == part.note);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const Json variables = Json::object({{"job", claims()}, {"x", claims()}});
  const auto any = Condition::evaluate_any(text, variables, from_unix(1'790'000'100));
  if (any) require(parse_json(any->dump(), {.max_bytes = std::size_t{1} << 26, .max_depth = 200}).has_value());
  const auto condition = Condition::compile(text);
  if (!condition) {
    require(condition.error().reason == Reason::condition_invalid && !condition.error().where.empty());
    return 0;
  }
  static const issuer::Claims packed(claims());
  const policy::ConditionInput input{
      &packed, false, "gitlab", "acme/a", "GET", "/v1", "example.com", from_unix(1'790'000'100), &facts()};
  const auto first = condition->evaluate(input), second = condition->evaluate(input);
  require(first.truth == second.truth && first.because == second.because && first.fix == second.fix);
  require(first.because.empty() == (first.truth == policy::Truth::yes));
  check_parts(*condition, input);
  return 0;
}
