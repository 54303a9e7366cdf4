#include "context/gitlab_words.h"

#include <algorithm>
#include <utility>

#include "context/gitlab_fields.h"

namespace watchword::context {

std::optional<JobStatus> gitlab_job_status(std::string_view status) {
  using enum JobStatus;
  static constexpr std::pair<std::string_view, JobStatus> kStatuses[] = {
      {"created", pending},   {"waiting_for_resource", pending},
      {"preparing", pending}, {"waiting_for_callback", pending},
      {"pending", pending},   {"scheduled", pending},
      {"manual", pending},    {"running", running},
      {"canceling", running}, {"success", success},
      {"failed", failed},     {"canceled", canceled},
      {"skipped", pending}};
  const auto* found = std::ranges::find(kStatuses, status, &std::pair<std::string_view, JobStatus>::first);
  if (found == std::ranges::end(kStatuses)) return std::nullopt;
  return found->second;
}

void add_reverted(std::string_view message, std::vector<std::string>& reverted) {
  const auto each_after = [&](std::string_view phrase, std::string_view alphabet, auto take) {
    for (auto at = message.find(phrase); at != std::string_view::npos; at = message.find(phrase, at)) {
      at += phrase.size();
      const std::string_view rest = message.substr(at);
      take(rest.substr(0, rest.find_first_not_of(alphabet)));
    }
  };
  each_after("This reverts commit ", "0123456789abcdefABCDEF", [&](std::string_view sha) {
    if (is_commit_id(sha)) reverted.emplace_back(sha);
  });
  each_after("This reverts merge request !", "0123456789", [&](std::string_view iid) {
    if (!iid.empty() && iid.size() <= 18) reverted.push_back("!" + std::string(iid));
  });
}

}  // namespace watchword::context
