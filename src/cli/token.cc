// watchword token verify | inspect
#include <utility>

#include "base/file.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/input.h"
#include "http/fetch.h"
#include "issuer/key_fetch.h"
#include "job/token_content.h"
#include "job/token_input.h"
#include "jose/jwt.h"

namespace watchword::cli {
namespace {

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

int token_verify(const VerifyOptions& options, const Output& out) {
  auto token = job::read_token(options.token_file);
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
  auto token = job::read_token(token_file);
  if (!token) return out.error(token.error());
  auto content = job::open_unverified(*token);
  if (!content) return out.error(content.error());
  out.value(Json::object(
      {{"verified", false}, {"header", std::move(content->header)}, {"claims", std::move(content->claims)}}));
  return kOk;
}

}  // namespace watchword::cli
