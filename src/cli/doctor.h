// The checks of `watchword doctor`: each asks the thing itself, and says what it found and how to mend it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "cli/commands.h"
#include "cli/config.h"
#include "context/gitlab_hooks.h"
#include "http/fetch.h"

namespace watchword::cli {

struct CheckResult {
  std::string name;                   // "issuer gitlab"
  std::string detail = {};            // what is so
  std::optional<Error> trouble = {};  // none: good
};
using Checks = std::vector<CheckResult>;

// What the gate says of itself; none: it could not be asked.
struct GateSays {
  std::optional<Json> context;  // of GET /api/v1/context
  const Json* of_issuer(const std::string& issuer) const;
};
bool holds(const Json& object, std::string_view key);  // the member is there, and true

// doctor_files.cc
void check_files(const Config& config, Checks& checks);  // policy, sealing key, certificate
// Of a folder's file system with so much left.
CheckResult judge_space(const std::string& name, const std::string& directory, std::uint64_t free_bytes);
void check_space(const Config& config, Checks& checks);
// doctor_gitlab.cc
void check_gitlab(const Config& config, const DoctorOptions& options, const GateSays& gate, http::Fetcher& fetcher,
                  Checks& checks);
// doctor_hooks.cc. `said`: what the gate says of the source's issuer; `api`: while it answers. Both may be null.
void check_hooks(const Config& config, const LiveSource& source, const DoctorOptions& options, const Json* said,
                 context::GitlabHooks* api, Checks& checks);
// doctor_envoy.cc
CheckResult judge_envoy(const Json& node);  // as the gate says it is (docs/openapi.yaml, EnvoyNode)
void check_envoy(const Config& config, const DoctorOptions& options, Checks& checks);

}  // namespace watchword::cli
