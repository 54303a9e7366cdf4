// The checks of `watchword doctor`: each asks the thing itself, and says what it found and how to mend it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "access/session.h"
#include "base/json.h"
#include "base/result.h"
#include "cli/commands.h"
#include "cli/config.h"
#include "context/gitlab_hooks.h"
#include "http/fetch.h"
#include "net/certificate_dates.h"
#include "terminal/checks.h"

namespace watchword::cli {

using terminal::CheckResult;
using terminal::Checks;

// What the gate says of itself; none: it could not be asked.
struct GateSays {
  std::optional<Json> status;   // of GET /api/v1/status
  std::optional<Json> context;  // of GET /api/v1/context
  const Json* of_issuer(const std::string& issuer) const;
};
bool holds(const Json& object, std::string_view key);  // the member is there, and true

// doctor_files.cc. Policy, sealing key, certificate; the policy, where it is good.
std::shared_ptr<const policy::Policy> check_files(const Config& config, Checks& checks);
// Of a folder's file system with so much left.
CheckResult judge_space(const std::string& name, const std::string& directory, std::uint64_t free_bytes);
void check_space(const Config& config, Checks& checks);
// doctor_certificates.cc. `policy` may be null.
enum class CertificateUse : std::uint8_t { chain, authorities };  // all of it must be good, or one
CheckResult judge_certificate(const std::string& name, const std::string& file,
                              const std::vector<net::CertificateDates>& dates, CertificateUse use, Time now);
void check_certificates(const Config& config, const policy::Policy* policy, Time now, Checks& checks);
// doctor_state.cc. `keys`, `status`: as the admin API says them; `since`: the age of the checkpoint.
CheckResult judge_keys(const Json& keys, Duration rotate_every, Time now);
CheckResult judge_log(std::uint64_t stored, std::uint64_t signed_size, Duration since, std::int64_t backlog,
                      const std::string& directory);
void check_state(const Config& config, const DoctorOptions& options, const Json& status, Time now, Checks& checks);
// doctor_seen.cc. What the newest sessions tell of issuers, and of a policy that does not fit them.
using Seen = std::vector<access::Session::Opening>;
Checks judge_token_clocks(const Seen& seen);
Checks judge_lifetimes(const Seen& seen);
void check_seen(const DoctorOptions& options, const policy::Policy& policy, Checks& checks);
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
