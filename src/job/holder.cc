#include "job/holder.h"

#include <cstdlib>
#include <utility>

#include "job/gate_proxy.h"
#include "job/gate_trust.h"
#include "job/token_input.h"

namespace watchword::job {
namespace {

Secret from_environment(const char* variable) {
  const char* value = std::getenv(variable);
  return Secret(std::string_view(value == nullptr ? "" : value));
}

Result<Secret> offered_job_token(const std::string& variable) {
  if (variable.empty()) return Secret();
  auto token = from_environment(variable.c_str());
  if (token.empty())
    return std::unexpected(Error{Reason::token_missing,
                                 variable + " is not set",
                                 "the job's CI_JOB_TOKEN",
                                 {},
                                 "without --job-token-env none is sent"});
  return token;
}

}  // namespace

Result<std::unique_ptr<Holder>> make_holder(const HolderOptions& options, const Clock& clock, Random& random) {
  const auto retry_for = parse_duration(options.retry_for);
  if (!retry_for) return fail(Reason::usage_invalid, options.retry_for, "a time such as 20s, 1m or 0s", "--retry-for");
  auto gate = http::parse_origin(options.gate);
  if (!gate)
    return std::unexpected(Error{Reason::usage_invalid, options.gate, gate.error().expected, "--gate",
                                 "set WATCHWORD_URL, or --gate, to the URL of the gate, without a path"});
  WW_TRY(auto tls, tls_towards(*gate, options.ca));
  WW_CHECK(by_proxy(*gate, ProxySettings::of_environment()));
  WW_TRY(auto id_token,
         options.token_file.empty() ? token_from_environment(options.token_env) : read_token(options.token_file));
  WW_TRY(auto job_token, offered_job_token(options.job_token_env));
  WW_TRY(auto key, ProofKey::derive(id_token, from_environment("CI_JOB_TOKEN")));
  // NOLINTNEXTLINE(modernize-make-unique): its nonce does not move
  return std::unique_ptr<Holder>(new Holder{.gate = *std::move(gate),
                                            .tls = std::move(tls),
                                            .id_token = std::move(id_token),
                                            .job_token = std::move(job_token),
                                            .key = std::move(key),
                                            .nonce = {},
                                            .clock = clock,
                                            .random = random,
                                            .retry_for = *retry_for});
}

}  // namespace watchword::job
