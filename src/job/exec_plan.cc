#include "job/exec_plan.h"

#include <algorithm>
#include <utility>

namespace watchword::job {
namespace {

std::unexpected<Error> no_such_line(std::string found, std::string expected) {
  return std::unexpected(Error{Reason::usage_invalid,
                               std::move(found),
                               std::move(expected),
                               {},
                               "write watchword exec RESOURCE... -- COMMAND ARG..., such as watchword exec billing-api "
                               "-- ./deploy.sh"});
}

}  // namespace

Result<ExecPlan> plan_of(const ExecOptions& options) {
  const auto mark = std::ranges::find(options.words, "--");
  const std::vector<std::string> words(options.words.begin(), mark);
  for (const auto& word : words)
    if (word.starts_with('-')) return no_such_line(word, "an option of exec (see --help); the command's go behind --");
  if (mark == options.words.end() || mark + 1 == options.words.end()) return no_such_line("no command", "-- COMMAND");
  if (words.empty()) return no_such_line("no resource", "RESOURCE or RESOURCE/ACTION before the --");
  ExecPlan plan{.wanted = {}, .names = {}, .command = {mark + 1, options.words.end()}};
  WW_TRY(plan.wanted, parse_wanted(words));
  WW_TRY(plan.names, name_variables(plan.wanted, options.renames));
  return plan;
}

}  // namespace watchword::job
