// Any body of a webhook either becomes changes whose ids, commits, names and times hold, or is refused with a reason.
// What becomes changes does so every time, and none of it is from the future.
#include <algorithm>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/encoding.h"
#include "context/gitlab_event.h"
#include "context/gitlab_fields.h"

namespace {

using namespace watchword;
using namespace watchword::context;

constexpr Time kNow{std::chrono::seconds(1'790'000'000)};

void must(bool holds) {
  if (!holds) std::abort();
}

void id(const std::string& text) {
  must(!text.empty() && text.size() <= 19 && text.front() != '0');
  must(std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; }));
}
void maybe_id(const std::string& text) {
  if (!text.empty()) id(text);
}
bool is_merge_request(std::string_view text) {  // as "!12"
  return text.size() > 1 && text.size() <= 19 && text.front() == '!' &&
         text.find_first_not_of("0123456789", 1) == std::string_view::npos;
}
void maybe_commit(const std::string& text) { must(text.empty() || is_commit_id(text)); }
void name(const std::string& text) {
  must(!text.empty() && text.size() <= GitlabFields::kMaxName && is_utf8(text));
  must(text.find_first_of(std::string_view("\0\n\r\t\x1b\x7f", 6)) == std::string::npos);
}

struct Check {
  void operator()(const JobChange& job) const {
    id(job.job);
    id(job.pipeline);
  }
  void operator()(const PipelineChange& pipeline) const {
    id(pipeline.pipeline);
    name(pipeline.status);
  }
  void operator()(const MergeRequestChange& mr) const {
    id(mr.iid);
    for (const std::string& text : {mr.target_branch, mr.source_branch, mr.state}) name(text);
    for (const std::string& text : {mr.source_sha, mr.merge_commit_sha, mr.squash_commit_sha}) maybe_commit(text);
  }
  void operator()(const Pushed& pushed) const {
    name(pushed.branch);
    must(!pushed.commits.empty() && pushed.commits.size() <= 101);
    for (const std::string& commit : pushed.commits) must(is_commit_id(commit));
    for (const std::string& reverted : pushed.reverted) must(is_commit_id(reverted) || is_merge_request(reverted));
  }
  void operator()(const DeploymentChange& deployment) const {
    name(deployment.environment);
    name(deployment.status);
    maybe_id(deployment.deployment);
    maybe_id(deployment.job);
    maybe_commit(deployment.sha);
  }
  void operator()(const MergedAnswer&) const { std::abort(); }  // no event says this
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view body = as_text({data, size});
  const auto changes = parse_gitlab_event(body, kNow);
  if (!changes) {
    must(changes.error().reason == Reason::event_malformed);
    must(!changes.error().found.empty() && !changes.error().expected.empty());
    return 0;
  }
  for (const Change& change : *changes) {
    id(change.project_id);
    must(change.project_id == changes->front().project_id && change.at <= kNow);
    std::visit(Check(), change.what);
  }
  must(parse_gitlab_event(body, kNow)->size() == changes->size());
  return 0;
}
