// Words of GitLab's that its webhooks and its API share.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "context/event.h"

namespace watchword::context {

// Nullopt for a status that is not known here. A job that is being canceled runs: its after_script may still be at it.
std::optional<JobStatus> gitlab_job_status(std::string_view status);
// What the message says it reverts is added, as in Pushed::reverted: git writes "This reverts commit <sha>.", of a
// merge
// ", reversing" follows, and GitLab's button leaves the stop out, and of a merge names the merge request.
void add_reverted(std::string_view message, std::vector<std::string>& reverted);

}  // namespace watchword::context
