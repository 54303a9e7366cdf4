#include "job/exchange.h"

#include <cstdlib>
#include <utility>

#include "base/text.h"
#include "http/uri.h"
#include "job/token_input.h"

namespace watchword::job {
namespace {

constexpr std::string_view kGrant = "urn:ietf:params:oauth:grant-type:token-exchange";
constexpr std::string_view kIdToken = "urn:ietf:params:oauth:token-type:id_token";

void add(std::string& form, std::string_view name, std::string_view value) {
  if (!form.empty()) form += '&';
  form += http::percent_encode(name) + "=" + http::percent_encode(value);
}

// Only an answer of "no" is a denial; a job that reads its log must not take an outage for one.
std::string_view headline(Reason reason) {
  switch (describe(reason).kind) {
    case ReasonKind::unauthenticated:
    case ReasonKind::denied:
    case ReasonKind::not_found:
      return "denied";
    case ReasonKind::invalid:
    case ReasonKind::config:
      return "refused: the request is wrong";
    case ReasonKind::unavailable:
    case ReasonKind::upstream:
    case ReasonKind::upstream_timeout:
    case ReasonKind::error:
    case ReasonKind::corrupt:
      return "no answer: the gate cannot decide now";
  }
  std::unreachable();
}

// As it stands in a job log.
void print(Reason reason, const Json& body, const Output& out) {
  auto text = [&](std::string_view key) { return printable(body.string_or(key, "")); };
  out.line(out.bad(headline(reason)) + (text("record").empty() ? "" : "  (record " + text("record") + ")"));
  out.line("  reason    " + std::string(name(reason)) + ": " + std::string(describe(reason).meaning));
  for (std::string_view key : {"found", "expected"})
    if (!text(key).empty()) out.line("  " + std::string(key) + std::string(10 - key.size(), ' ') + text(key));
  if (!text("you_are").empty()) out.line("  you are   " + text("you_are"));
  if (!text("rule").empty()) out.line("  rule      " + text("rule") + "  role " + text("role"));
  out.line("  fix       " + (text("fix").empty() ? std::string(describe(reason).fix) : text("fix")));
}

}  // namespace

Result<Reply> exchange(const ExchangeOptions& options) {
  WW_TRY(auto token,
         options.token_file.empty() ? token_from_environment(options.token_env) : read_token(options.token_file));
  std::string form;
  add(form, "grant_type", kGrant);
  add(form, "subject_token_type", kIdToken);
  add(form, "subject_token", token.reveal());
  for (const auto& audience : options.audiences) add(form, "audience", audience);
  if (!options.scope.empty()) add(form, "scope", options.scope);
  if (!options.job_token_env.empty()) {
    const char* job_token = std::getenv(options.job_token_env.c_str());
    if (!job_token || !*job_token)
      return std::unexpected(Error{Reason::token_missing,
                                   options.job_token_env + " is not set",
                                   "the job's CI_JOB_TOKEN",
                                   {},
                                   "without --job-token-env none is sent"});
    add(form, "ci_job_token", job_token);
  }
  return post_form(options.gate, options.ca, "/oauth/token", std::move(form));
}

int print_refusal(const Reply& reply, const Output& out) {
  const auto error = error_from(reply);
  if (!reason_from_name(reply.body.string_or("reason", ""))) return out.error(error);
  if (out.json())
    out.value(reply.body);
  else
    print(error.reason, reply.body, out);
  return exit_code(error.reason);
}

}  // namespace watchword::job
