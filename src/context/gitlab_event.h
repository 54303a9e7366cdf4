// GitLab's webhook payloads (docs.gitlab.com/user/project/integrations/webhook_events): bytes in, changes out.
// Sans-I/O.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "context/event.h"

namespace watchword::context {

// Bytes of a body. GitLab sends up to 25 MiB, but large ones are pushes of very many files, and the API makes up for
// one that is not taken. A hostile body of this size costs 150 MB and a fifth of a second.
inline constexpr std::size_t kMaxGitlabEvent = 4 << 20;

// Push, merge request, job ("build"), pipeline and deployment events, from project, group and system hooks; a pipeline
// brings its builds along as job changes. Any other object_kind (or event_name of a system hook) gives no change and is
// no error; nor do tags, deleted branches, or jobs in a state that this does not know.
// `received` stands in where an event does not say when it came about (a push never does: its commits' times are their
// authors' word); an event from the future counts as of `received`. A pipeline's time is the newest that it names.
// What GitLab does not say: the squash commit of a merge request (the push that brings it does), how many commits a
// forced push took away, and of a push of more than 20 commits all but the newest 20. Of a longer list the newest 100
// are taken, and of the commits that these revert the last 1000; of a pipeline's builds the 500 with the highest ids:
// the others say themselves what becomes of them, or are asked for.
// Errors: event_malformed, with the path of the member, for what is not the document that its kind promises: not JSON,
// larger than kMaxGitlabEvent, duplicate keys, too deep, wrong types, lists of more than 10,000 items, ids that
// are not positive integers, commits that are not 40 or 64 hex digits, project ids that disagree. Nothing of it is
// taken then.
Result<std::vector<Change>> parse_gitlab_event(std::string_view body, Time received);

}  // namespace watchword::context
