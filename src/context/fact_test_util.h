// Changes and questions for the tests of the fact table.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "context/fact_table.h"

namespace watchword::context {

inline constexpr Time kStart{std::chrono::seconds(1'790'000'000)};
inline Time at(int seconds) { return kStart + std::chrono::seconds(seconds); }

inline const Scope kScope{
    .issuer = "gitlab", .project = "acme/billing", .project_id = "7", .job = "1", .pipeline = "9"};

inline Change change(int seconds, decltype(Change::what) what) { return {"7", at(seconds), std::move(what)}; }
inline Change job(int seconds, JobStatus status, std::string id = "1") {
  return change(seconds, JobChange{std::move(id), "9", status});
}
inline Change pipeline(int seconds, std::string status) {
  return change(seconds, PipelineChange{"9", std::move(status)});
}
struct Mr {
  std::string iid = "1", state = "opened", source_sha = "a", merge_commit_sha = {}, squash_commit_sha = {};
  std::optional<bool> approved = {};
  std::string target_branch = "main";
  bool edited = false;  // a later change of it
};
inline Change mr(int seconds, const Mr& mr) {
  return change(seconds, MergeRequestChange{.iid = mr.iid,
                                            .target_branch = mr.target_branch,
                                            .source_branch = "",
                                            .state = mr.state,
                                            .source_sha = mr.source_sha,
                                            .merge_commit_sha = mr.merge_commit_sha,
                                            .squash_commit_sha = mr.squash_commit_sha,
                                            .draft = false,
                                            .approved = mr.approved,
                                            .merging = mr.state == "merged" && !mr.edited});
}
inline Change deployment(int seconds, std::string id, std::string status) {
  return change(seconds, DeploymentChange{.environment = "production",
                                          .deployment = std::move(id),
                                          .status = std::move(status),
                                          .sha = "a",
                                          .ref = "main",
                                          .job = "1"});
}

// A question as a policy writes it: merged, {into: main, sha: a}.
struct Question {
  std::string_view name;
  Json arguments = Json::object();
};
inline Question merged(std::string_view sha, std::string_view into = "main") {
  return {"merged", Json::object({{"into", into}, {"sha", sha}})};
}
inline Question reverted(std::string_view sha, std::string_view into = "main") {
  return {"reverted", Json::object({{"into", into}, {"sha", sha}})};
}
inline Question mr_of(std::string_view sha, std::string_view target = "main") {
  return {"mr", Json::object({{"target", target}, {"sha", sha}})};
}
inline Question of(std::string_view name, std::string_view parameter, std::string_view value) {
  return {name, Json::object({{parameter, value}})};
}

// "unknown", or the value as JSON.
inline std::string ask(const FactTable& table, const Question& question, const Scope& scope = kScope) {
  const auto fact = table.find(scope, question.name, question.arguments);
  return fact ? fact->value.dump() : "unknown";
}

}  // namespace watchword::context
