#include "job/doctor.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "http/clock_difference.h"
#include "http/date.h"
#include "job/clock_check.h"
#include "job/gate_client.h"
#include "job/gate_trust.h"
#include "job/token_content.h"
#include "job/token_input.h"
#include "jose/jwt.h"
#include "jose/slip.h"
#include "net/loop.h"

namespace watchword::job {
namespace {

using terminal::CheckResult;
using terminal::Checks;

std::string_view without_slash(std::string_view url) {
  while (url.ends_with('/')) url.remove_suffix(1);
  return url;
}

CheckResult judge_audience(const Json& claims, const std::string& gate) {
  CheckResult check{"ID token, audience"};
  const auto audiences = jose::audiences_of(claims);
  if (!audiences) {
    check.trouble = audiences.error();
    return check;
  }
  for (const auto audience : *audiences) {
    check.detail += (check.detail.empty() ? "" : " ") + std::string(audience);
    if (!jose::only_difference(audience, gate).empty())
      check.trouble = Error{Reason::audience_mismatch,
                            std::string(audience),
                            gate,
                            {},
                            "write 'aud: " + gate + "' under id_tokens: an audience is compared to the letter"};
    if (audience == gate) return {check.name, check.detail};
  }
  if (!gate.empty() && !check.trouble)
    check.detail += ", which is not the gate's own name " + gate + ": right if 'audience' of the issuer says so";
  return check;
}

CheckResult judge_time(const Json& claims, Time now) {
  const auto* expires = claims.find_integer("exp");
  if (expires == nullptr) return {"ID token, time", {}, Error{Reason::expiry_missing, {}, "exp", {}, {}}};
  const auto end = from_unix(*expires);
  if (end <= now)
    return {"ID token, time",
            {},
            Error{Reason::token_expired, "expired at " + to_rfc3339(end), "a time after " + to_rfc3339(now), {}, {}}};
  return {"ID token, time", "ends in " + to_string(std::chrono::floor<std::chrono::seconds>(end - now))};
}

// GitLab tells a job the same in its variables as in its token.
void judge_same_job(const Json& claims, const Variables& variables, Checks& checks) {
  constexpr std::pair<const char*, const char*> kSame[] = {
      {"CI_JOB_ID", "job_id"}, {"CI_PROJECT_PATH", "project_path"}, {"CI_PIPELINE_ID", "pipeline_id"}};
  for (const auto& [variable, claim] : kSame) {
    const auto wanted = variables(variable);
    const auto found = claims.string_or(claim, "");
    if (wanted.empty() || found.empty() || wanted == found) continue;
    checks.push_back({"ID token, job",
                      {},
                      Error{Reason::claim_invalid,
                            std::string(claim) + " " + std::string(found),
                            wanted + ", as " + variable + " says",
                            {},
                            "use the ID token that this very job was given: one of another job speaks for that job"}});
  }
}

struct GateAnswer {
  Result<Reply> metadata, ready;
  Time asked, answered;
};

net::Task<GateAnswer> ask_gate(http::Origin gate, std::shared_ptr<net::TlsClientContext> tls) {
  const SystemClock clock;
  const auto get = [&](std::string path) {
    return ask(gate, tls, {"GET", gate.scheme, gate.authority, std::move(path), {}}, {});
  };
  const auto asked = clock.now();
  auto metadata = co_await get("/.well-known/openid-configuration");
  const auto answered = clock.now();
  if (!metadata) co_return GateAnswer{metadata, std::unexpected(metadata.error()), asked, answered};
  co_return GateAnswer{std::move(metadata), co_await get("/readyz"), asked, answered};
}

// The name that the gate gives itself; empty when it could not be asked.
std::string check_gate(const HolderOptions& options, Checks& checks) {
  auto origin = http::parse_origin(options.gate);
  if (!origin) {
    checks.push_back({"gate", {}, std::move(origin).error()});
    return {};
  }
  auto tls = tls_towards(*origin, options.ca);
  if (!tls) {
    checks.push_back({"gate", {}, std::move(tls).error()});
    return {};
  }
  const auto answer = net::run_blocking(ask_gate(*origin, *tls));
  if (!answer.metadata) {
    checks.push_back({"gate", {}, answer.metadata.error()});
    return {};
  }
  std::string own(answer.metadata->body.string_or("issuer", ""));
  if (answer.metadata->status != 200 || own.empty()) {
    checks.push_back({"gate", {}, error_from(*answer.metadata)});
    return {};
  }
  auto& gate = checks.emplace_back("gate", own + " answers");
  if (own != without_slash(options.gate))
    gate.trouble = Error{Reason::config_invalid,
                         options.gate,
                         own,
                         {},
                         "set WATCHWORD_URL, or --gate, to " + own + ": what proves a request is made for that name"};
  if (!answer.ready || answer.ready->status != 200)
    checks.push_back({"gate, ready", {}, answer.ready ? error_from(*answer.ready) : answer.ready.error()});
  if (const auto* date = answer.metadata->headers.find("date"))
    if (const auto theirs = http::parse_date(*date))
      checks.push_back(
          judge_clock(origin->address.host, http::clock_difference(*theirs, answer.asked, answer.answered)));
  return own;
}

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

}  // namespace

Checks judge_id_token(const Json& claims, const std::string& gate, const Variables& variables, Time now) {
  Checks checks{judge_audience(claims, gate), judge_time(claims, now)};
  judge_same_job(claims, variables, checks);
  return checks;
}

int doctor(const HolderOptions& options, const Output& out) {
  Checks checks;
  const auto gate = check_gate(options, checks);
  auto token = options.token_file.empty() ? token_from_environment(options.token_env) : read_token(options.token_file);
  auto content = token ? open_unverified(*token) : Result<UnverifiedContent>(std::unexpected(token.error()));
  if (content) {
    checks.push_back({"ID token", "of " + std::string(content->claims.string_or("iss", "nobody"))});
    std::ranges::move(judge_id_token(content->claims, gate, variable, SystemClock().now()), std::back_inserter(checks));
  } else {
    checks.push_back({"ID token", {}, std::move(content).error()});
  }
  return show_checks(checks, out);
}

}  // namespace watchword::job
