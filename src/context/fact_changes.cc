#include "context/fact_changes.h"

#include <algorithm>
#include <utility>

namespace watchword::context {
namespace {

// Members that are empty were not said.
Json object_of(std::initializer_list<std::pair<std::string_view, std::string_view>> members) {
  Json out = Json::object();
  for (const auto& [key, value] : members)
    if (!value.empty()) out.set(key, value);
  return out;
}

class Sayer {
 public:
  Sayer(const Change& change, bool api) : at_(change.at), api_(api) {}

  void operator()(const JobChange& job) {
    if (job.job.empty()) return;
    say(FactKind::job, job.job, object_of({{"status", name(job.status)}, {"pipeline", job.pipeline}}));
  }

  void operator()(const PipelineChange& pipeline) {
    if (pipeline.pipeline.empty() || pipeline.status.empty()) return;
    say(FactKind::pipeline, pipeline.pipeline, pipeline.status);
  }

  void operator()(const MergeRequestChange& mr) {
    if (mr.iid.empty()) return;
    Json value = object_of({{"iid", mr.iid},
                            {"state", mr.state},
                            {"sha", mr.source_sha},
                            {"target_branch", mr.target_branch},
                            {"source_branch", mr.source_branch},
                            {"merge_commit_sha", mr.merge_commit_sha},
                            {"squash_commit_sha", mr.squash_commit_sha}});
    value.set("draft", mr.draft);
    if (mr.approved) value.set("approved", *mr.approved);
    say(FactKind::mr, mr.iid, std::move(value), mr.approved ? at_ : Time{});
    if (mr.target_branch.empty()) return;
    if (mr.state == "merged")
      say_merged(mr.target_branch, {mr.source_sha, mr.merge_commit_sha, mr.squash_commit_sha},
                 mr.merging ? at_ : Time{}, "!" + mr.iid);
    else if (mr.state != "closed" && !mr.source_sha.empty())
      say(FactKind::merged, commit_key(mr.target_branch, mr.source_sha), Json::object({{"merged", false}}));
  }

  void operator()(const Pushed& pushed) {
    for (const auto& sha : pushed.commits) say_merged(pushed.branch, {sha}, at_);
    for (const auto& sha : pushed.reverted) say(FactKind::reverted, commit_key(pushed.branch, sha), true);
    if (pushed.ref_protected) say(FactKind::protected_ref, pushed.branch, *pushed.ref_protected);
  }

  void operator()(const DeploymentChange& deployment) {
    if (deployment.environment.empty() || deployment.status.empty()) return;
    say(FactKind::deployment, deployment.environment,
        object_of({{"deployment", deployment.deployment},
                   {"status", deployment.status},
                   {"sha", deployment.sha},
                   {"ref", deployment.ref},
                   {"job", deployment.job}}));
  }

  // Says nothing about reverts, unlike an event that comes with the merge.
  void operator()(const MergedAnswer& answer) {
    say(FactKind::merged, commit_key(answer.branch, answer.sha), Json::object({{"merged", answer.merged}}));
  }

  std::vector<Statement> out;

 private:
  void say(FactKind kind, std::string key, Json value, Time noted = {}) {
    out.push_back({kind, std::move(key), {.value = std::move(value), .at = at_, .noted = noted, .api = api_}});
  }

  // `unreverted`: as of when nothing had reverted it. `request`: the merge request that did it, as reverts name it.
  void say_merged(const std::string& branch, std::vector<std::string> shas, Time unreverted,
                  const std::string& request = {}) {
    std::ranges::sort(shas);
    shas.erase(std::unique(shas.begin(), shas.end()), shas.end());
    std::erase(shas, "");
    Json value = Json::object({{"merged", true}});
    Json names = Json::array();  // sorted, as the rules keep them; "!" comes before all digits
    if (!request.empty()) names.push(request);
    for (const auto& sha : shas) names.push(sha);
    if (names.array_items()->size() > 1) value.set("commits", std::move(names));
    for (const auto& sha : shas) say(FactKind::merged, commit_key(branch, sha), value, unreverted);
  }

  Time at_;
  bool api_;
};

}  // namespace

std::vector<Statement> statements(const Change& change, bool api) {
  Sayer sayer(change, api);
  std::visit(sayer, change.what);
  return std::move(sayer.out);
}

}  // namespace watchword::context
