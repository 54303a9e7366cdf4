// watchword token exchange | verify | inspect
#include <cstdlib>
#include <utility>

#include "base/file.h"
#include "base/text.h"
#include "cli/admin_client.h"
#include "cli/commands.h"
#include "cli/input.h"
#include "http/fetch.h"
#include "http/uri.h"
#include "issuer/key_fetch.h"
#include "jose/jwt.h"

namespace watchword::cli {
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

// The refusal as it stands in a job log.
void print_refusal(Reason reason, const Json& body, const Output& out) {
  auto text = [&](std::string_view key) { return printable(body.string_or(key, "")); };
  out.line(out.bad(headline(reason)) + (text("record").empty() ? "" : "  (record " + text("record") + ")"));
  out.line("  reason    " + std::string(name(reason)) + ": " + std::string(describe(reason).meaning));
  for (std::string_view key : {"found", "expected"})
    if (!text(key).empty()) out.line("  " + std::string(key) + std::string(10 - key.size(), ' ') + text(key));
  if (!text("you_are").empty()) out.line("  you are   " + text("you_are"));
  if (!text("rule").empty()) out.line("  rule      " + text("rule") + "  role " + text("role"));
  out.line("  fix       " + (text("fix").empty() ? std::string(describe(reason).fix) : text("fix")));
}

Result<jose::KeySet> keys_for(const VerifyOptions& options) {
  if (!options.jwks.empty()) {
    WW_TRY(auto text, read_file(options.jwks));
    return jose::KeySet::parse(text);
  }
  issuer::KeySourceConfig config;
  config.issuer_name = config.issuer_url = options.issuer;
  config.fetch.ca_file = options.ca;
  config.fetch.allow_loopback_http = true;  // check() refuses http towards any other address
  WW_CHECK(issuer::check(config));
  http::CurlFetcher fetcher;
  WW_TRY(auto fetched, issuer::fetch_keys(config, fetcher));
  return std::move(fetched.keys);
}

Result<jose::Expectations> expectations_of(const VerifyOptions& options) {
  jose::Expectations expected;
  expected.issuer = options.issuer;
  expected.audiences = options.audiences;
  if (!options.types.empty()) expected.types = options.types;
  for (const auto& name : options.algorithms) {
    auto algorithm = crypto::algorithm_from_name(name);
    if (!algorithm) return fail(Reason::usage_invalid, name, "RS256, ES256, EdDSA, ...");
    expected.algorithms.push_back(*algorithm);
  }
  return expected;
}

int print_checks(const std::vector<jose::Check>& checks, const Output& out) {
  int code = kOk;
  Json list = Json::array();
  for (const auto& check : checks) {
    auto entry = Json::object({{"check", check.name}, {"holds", !check.failure.has_value()}, {"detail", check.detail}});
    if (check.failure) {
      if (code == kOk) code = exit_code(check.failure->reason);
      entry.set("failure", to_json(*check.failure));
    }
    list.push(std::move(entry));
    if (out.json()) continue;
    auto name = check.name + std::string(check.name.size() < 14 ? 14 - check.name.size() : 1, ' ');
    if (!check.failure) {
      out.line(out.good("holds  ") + name + printable(check.detail));
    } else {
      out.line(out.bad("fails  ") + name + printable(to_string(*check.failure)));
      out.line("         fix  " + printable(fix_of(*check.failure)));
    }
  }
  if (out.json()) out.value(Json::object({{"valid", code == kOk}, {"checks", std::move(list)}}));
  return code;
}

}  // namespace

int token_exchange(const ExchangeOptions& options, const Output& out) {
  auto token = options.token_file.empty() ? token_from_environment(options.token_env) : read_token(options.token_file);
  if (!token) return out.error(token.error());
  std::string form;
  add(form, "grant_type", kGrant);
  add(form, "subject_token_type", kIdToken);
  add(form, "subject_token", token->reveal());
  for (const auto& audience : options.audiences) add(form, "audience", audience);
  if (!options.scope.empty()) add(form, "scope", options.scope);
  if (!options.job_token_env.empty()) {
    const char* job_token = std::getenv(options.job_token_env.c_str());
    if (!job_token || !*job_token)
      return out.error({Reason::token_missing,
                        options.job_token_env + " is not set",
                        "the job's CI_JOB_TOKEN",
                        {},
                        "without --job-token-env none is sent"});
    add(form, "ci_job_token", job_token);
  }
  auto reply = post_form(options.gate, options.ca, "/oauth/token", std::move(form));
  if (!reply) return out.error(reply.error());
  if (reply->status / 100 != 2) {
    auto error = error_from(*reply);
    if (!reason_from_name(reply->body.string_or("reason", ""))) return out.error(error);
    if (out.json())
      out.value(reply->body);
    else
      print_refusal(error.reason, reply->body, out);
    return exit_code(error.reason);
  }
  if (options.token_only)
    out.line(reply->body.string_or("access_token", ""));
  else
    out.value(reply->body);
  return kOk;
}

int token_verify(const VerifyOptions& options, const Output& out) {
  auto token = read_token(options.token_file);
  if (!token) return out.error(token.error());
  auto now = time_or_now(options.at);
  if (!now) return out.error(now.error());
  auto expected = expectations_of(options);
  if (!expected) return out.error(expected.error());
  auto verifier = jose::Verifier::make(*std::move(expected));
  if (!verifier) return out.error(verifier.error());
  auto parsed = jose::UnverifiedToken::parse(token->reveal());
  if (!parsed) return print_checks({{"form", std::move(parsed).error(), ""}}, out);
  auto keys = keys_for(options);
  if (!keys) return out.error(keys.error());
  auto checks = verifier->explain(*parsed, *keys, *now);
  for (auto& check : checks)
    if (check.failure && check.failure->reason == Reason::token_type_not_accepted && options.types.empty())
      check.failure->fix = "of an access token: add --type at+jwt";
  return print_checks(checks, out);
}

int token_inspect(const std::string& token_file, const Output& out) {
  auto token = read_token(token_file);
  if (!token) return out.error(token.error());
  auto content = open_unverified(*token);
  if (!content) return out.error(content.error());
  out.value(Json::object(
      {{"verified", false}, {"header", std::move(content->header)}, {"claims", std::move(content->claims)}}));
  return kOk;
}

}  // namespace watchword::cli
