// Documents as GitLab sends them (tests/fuzz/corpus/gitlab_event), and changes as text to compare.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/file.h"
#include "base/json.h"
#include "context/gitlab_event.h"

namespace watchword::context {

inline const std::string kA = "9f3c2d1e4b5a69788796a5b4c3d2e1f009182736",
                         kB = "0a1b2c3d4e5f60718293a4b5c6d7e8f901234567",
                         kC = "c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00",
                         kD = "decade00decade00decade00decade00decade00";
inline const Time kReceived = from_rfc3339("2026-01-02T04:00:00Z").value();

inline Json document(const std::string& name) {
  const std::string path = WATCHWORD_SOURCE_DIR "/tests/fuzz/corpus/gitlab_event/" + name + ".json";
  return parse_json(read_file(path).value()).value();
}

// The document with the member at `path`, such as builds.3.id, replaced or added.
inline Json with(const Json& document, std::string_view path, Json value) {
  const std::string_view key = path.substr(0, path.find('.'));
  if (key.size() < path.size()) {
    const std::string_view rest = path.substr(key.size() + 1);
    if (const Json::Array* items = document.array_items())
      value = with((*items)[std::stoul(std::string(key))], rest, std::move(value));
    else
      value = with(*document.find(key), rest, std::move(value));
  }
  Json changed = document;
  if (const Json::Array* items = document.array_items()) {
    Json::Array all = *items;
    all[std::stoul(std::string(key))] = std::move(value);
    return Json(std::move(all));
  }
  changed.set(key, std::move(value));
  return changed;
}

inline std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ",") + word.substr(0, 4);
  return text;
}

struct Describe {
  std::string operator()(const JobChange& job) const {
    static constexpr const char* kNames[] = {"pending", "running", "success", "failed", "canceled"};
    return "job " + job.job + " of " + job.pipeline + " " + kNames[static_cast<std::size_t>(job.status)];
  }
  std::string operator()(const PipelineChange& pipeline) const {
    return "pipeline " + pipeline.pipeline + " " + pipeline.status;
  }
  std::string operator()(const MergeRequestChange& mr) const {
    return "mr " + mr.iid + " " + mr.source_branch + "@" + mr.source_sha.substr(0, 4) + " into " + mr.target_branch +
           " " + mr.state + " merge=" + mr.merge_commit_sha.substr(0, 4) +
           " squash=" + mr.squash_commit_sha.substr(0, 4) + (mr.draft ? " draft" : "") +
           (mr.approved ? *mr.approved ? " approved" : " unapproved" : "");
  }
  std::string operator()(const Pushed& pushed) const {
    return "pushed " + joined(pushed.commits) + " to " + pushed.branch + " reverting " + joined(pushed.reverted) +
           (pushed.ref_protected ? *pushed.ref_protected ? " protected" : " unprotected" : "");
  }
  std::string operator()(const DeploymentChange& deployment) const {
    return "deployment " + deployment.deployment + " of " + deployment.sha.substr(0, 4) + " (" + deployment.ref +
           ") to " + deployment.environment + " by job " + deployment.job + " " + deployment.status;
  }
  std::string operator()(const MergedAnswer&) const { return "an answer of the API"; }
};

// One line each: project, time of day, what. The error, where there is one.
inline std::vector<std::string> changes(const Json& document) {
  const auto parsed = parse_gitlab_event(document.dump(), kReceived);
  if (!parsed) return {to_string(parsed.error())};
  std::vector<std::string> lines;
  for (const Change& change : *parsed)
    lines.push_back(change.project_id + " " + to_rfc3339(change.at).substr(11, 12) + " " +
                    std::visit(Describe(), change.what));
  return lines;
}

}  // namespace watchword::context
