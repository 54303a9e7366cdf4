// Answers of GitLab's API, each document read as every kind of answer: no change is made of a time to come.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "context/gitlab_answers.h"

using namespace watchword;

namespace {

const context::AnswerOf kOf{"42", Time(std::chrono::seconds(1'790'000'000))};

void check(const Result<std::vector<context::Change>>& changes) {
  if (!changes) return;
  for (const auto& change : *changes)
    if (change.at > kOf.asked || change.project_id != "42") std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto document = parse_json(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!document) return 0;
  check(context::job_answer(*document, kOf));
  if (const auto pipeline = context::pipeline_answer(*document, kOf)) check(std::vector{*pipeline});
  (void)context::approved_answer(*document);
  (void)context::branch_answer(*document, "main");
  if (document->array_items() == nullptr) return 0;
  const auto& list = *document->array_items();
  check(context::jobs_answer(list, kOf));
  check(context::deployments_answer(list, "production", kOf));
  (void)context::commits_answer(list, "main");
  (void)context::branches_answer(list);
  if (const auto requests = context::merge_requests_answer(list, kOf))
    for (const auto& request : *requests)
      if (request.at > kOf.asked) std::abort();
  return 0;
}
