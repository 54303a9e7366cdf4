// The table of context functions. A new one is a row here and a fact of the same name in context/.
#include "policy/cel/context_functions.h"

#include <fmt/format.h>

#include "base/text.h"

namespace watchword::policy::cel {
namespace {

constexpr std::array<ContextFunction, 8> kFunctions{{
    {"merged",
     {{{"into"}, {"sha"}}},
     2,
     Kind::boolean,
     "the change is not merged into {into} yet",
     "the change is merged into {into}",
     "merge the change into {into}; the rights rise by themselves when the merge event arrives",
     "use a commit that is not merged into {into}"},
    {"reverted",
     {{{"into"}, {"sha"}}},
     2,
     Kind::boolean,
     "the change is not reverted on {into}",
     "the change is reverted on {into}",
     "this is allowed only once the change is reverted on {into}",
     "merge the change into {into} again, and run the job from there"},
    {"mr",
     {{{"target"}, {"sha"}}},
     2,
     Kind::map,
     "",
     "",
     "bring the merge request into {target} into the state that the condition demands",
     ""},
    {"protected",
     {{{"ref"}}},
     1,
     Kind::boolean,
     "{ref} is not protected",
     "{ref} is protected",
     "protect the branch {ref} in the CI system",
     "use a branch that is not protected"},
    {"job_running",
     {},
     0,
     Kind::boolean,
     "the job is not running any more",
     "the job is running",
     "run the job again: access ends with the job",
     "wait until the job has ended"},
    {"pipeline_status",
     {},
     0,
     Kind::string,
     "",
     "",
     "wait until the pipeline has the status that the condition demands",
     ""},
    {"frozen",
     {{{"environment"}}},
     1,
     Kind::boolean,
     "{environment} is not frozen",
     "{environment} is frozen",
     "this is allowed only while {environment} is frozen",
     "wait until the freeze of {environment} ends, or have it lifted"},
    {"deployment",
     {{{"environment"}}},
     1,
     Kind::map,
     "",
     "",
     "bring the deployment of {environment} into the state that the condition demands",
     ""},
}};

}  // namespace

std::span<const ContextFunction> context_functions() { return kFunctions; }

std::vector<std::string> context_function_names() {
  std::vector<std::string> out;
  out.reserve(kFunctions.size());
  for (const auto& function : kFunctions) out.emplace_back(function.name);
  return out;
}

std::string signature(const ContextFunction& function) {
  std::string out = fmt::format("context.{}(", function.name);
  for (std::size_t i = 0; i < function.arity; ++i)
    out += fmt::format("{}{}: {}", i == 0 ? "" : ", ", function.parameters[i].name, name(function.parameters[i].kind));
  return out + fmt::format(") -> {}", name(function.result));
}

std::string fill(std::string_view sentence, const ContextFunction& function, std::span<const Value> arguments) {
  std::string out;
  while (!sentence.empty()) {
    const std::size_t open = std::min(sentence.find('{'), sentence.size());
    out += sentence.substr(0, open);
    sentence.remove_prefix(open);
    const std::size_t close = sentence.find('}');
    if (close == std::string_view::npos) break;
    for (std::size_t i = 0; i < function.arity && i < arguments.size(); ++i)
      if (const auto* text = arguments[i].as<std::string_view>();
          text != nullptr && function.parameters[i].name == sentence.substr(1, close - 1))
        out += printable(*text);
    sentence.remove_prefix(close + 1);
  }
  return out;
}

}  // namespace watchword::policy::cel
