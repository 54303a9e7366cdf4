// watchword policy check | test | explain | eval: on files, without a gate.
#include "policy/policy.h"

#include "access/nearest.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/config.h"
#include "cli/input.h"
#include "http/uri.h"
#include "issuer/profile.h"
#include "job/token_content.h"
#include "job/token_input.h"
#include "policy/condition.h"
#include "policy/target.h"
#include "policy/testing.h"

namespace watchword::cli {
namespace {

// The issuer's own mapping where the configuration is given; GitLab's otherwise.
Result<issuer::Profile> profile_of(const ExplainOptions& options) {
  if (options.config.empty()) return issuer::Profile{.name = issuer::ProfileName::gitlab, .mapping = {}};
  auto config = load_config(options.config);
  if (!config) return std::unexpected(std::move(config).error().front());
  for (auto& issuer : config->issuers)
    if (issuer.name == options.issuer) return std::move(issuer.profile);
  return fail(Reason::usage_invalid, options.issuer, "an issuer of " + options.config);
}

Result<issuer::Principal> principal_of(const ExplainOptions& options) {
  Json claims;
  if (!options.claims.empty()) {
    WW_TRY(claims, read_json_file(options.claims));
  } else {
    WW_TRY(auto token, job::read_token(options.token_file));
    WW_TRY(auto content, job::open_unverified(token));
    claims = std::move(content.claims);
  }
  WW_TRY(auto profile, profile_of(options));
  return issuer::imagine_principal(claims, options.issuer, profile);
}

struct Request {
  std::string resource, action, method, host, path;
};

struct Call {
  std::string method, path, protocol;
};

// What is called at a URL with this path.
Result<Call> call_of(const ExplainOptions& options, std::string base) {
  if (!options.method.empty()) return Call{options.method, std::move(base), {}};
  if (base.ends_with('/')) base.pop_back();
  if (options.websocket.starts_with('/')) return Call{"GET", base + options.websocket, "websocket"};
  if (!options.websocket.empty())
    return fail(Reason::usage_invalid, "--websocket " + options.websocket, "a path that begins with '/'");
  const auto path = policy::grpc_path(options.grpc);
  if (!path)
    return fail(Reason::usage_invalid, "--grpc " + options.grpc, "one method, such as acme.billing.v1.Billing/Get");
  return Call{"POST", base + *path, {}};
}

// The request as the proxy would read it: from --resource and --action, or from what is called at --url.
Result<Request> request_of(const ExplainOptions& options, const policy::Policy& policy) {
  if (options.url.empty()) return Request{options.resource, options.action, {}, {}, {}};
  WW_TRY(auto url, http::parse_url(options.url));
  WW_TRY(auto call, call_of(options, std::move(url.path)));
  const policy::Request request{url.host, call.method, call.path, call.protocol};
  WW_TRY(auto target, policy::find_target(policy, request));
  if (!target.action) return std::unexpected(policy::no_action(target, request));
  return Request{target.resource->name(), *target.action, call.method, url.host, std::move(target.path)};
}

// What cannot be explained, as it does not say what is asked, or by whom.
Status check_usage(const ExplainOptions& options) {
  if (options.claims.empty() && options.token_file.empty())
    return fail(Reason::usage_invalid, "neither --claims nor --token", "one of them: the job that asks");
  const bool named = !options.resource.empty() && !options.action.empty();
  const auto given = [](const std::string& option) { return option.empty() ? 0 : 1; };
  const int calls = given(options.method) + given(options.grpc) + given(options.websocket);
  const bool called = !options.url.empty() && calls != 0;
  const bool half = options.resource.empty() != options.action.empty() || options.url.empty() != (calls == 0);
  if (half || named == called || calls > 1)
    return fail(Reason::usage_invalid, calls > 1 || (named && called) ? "two requests" : "no whole request",
                "--url and one of --method, --grpc and --websocket, or --resource and --action");
  return {};
}

Json strings(const std::vector<std::string>& texts) {
  Json list = Json::array();
  for (const auto& text : texts) list.push(text);
  return list;
}

Json rule_json(const policy::Considered& rule) {
  return Json::object({{"rule", rule.rule},
                       {"role", rule.role},
                       {"kind", rule.kind},
                       {"matched", rule.matched},
                       {"held", strings(rule.held)},
                       {"failed", strings(rule.failed)}});
}

void print_rule(const policy::Considered& rule, const Output& out) {
  auto mark = rule.matched ? out.good("match ") : out.bad("no    ");
  out.line(mark + rule.kind + "  " + printable(rule.rule) + (rule.role.empty() ? "" : "  role " + rule.role));
  for (const auto& part : rule.held) out.line("        holds  " + printable(part));
  for (const auto& part : rule.failed) out.line("        fails  " + printable(part));
}

void print_decision(const access::Decision& decision, const issuer::Principal& principal, const Request& request,
                    const Output& out) {
  auto asked = printable(request.resource + "/" + request.action);
  if (decision.allowed()) {
    out.line(out.good("allowed: ") + asked + "  rule " + printable(decision.rule) + "  role " + decision.role);
    return;
  }
  const auto& refusal = *decision.refusal;
  out.line(out.bad(decision.outcome == policy::Outcome::deny ? "denied: " : "error: ") + asked);
  out.line("  reason    " + std::string(name(refusal.reason)) + ": " + std::string(describe(refusal.reason).meaning));
  if (!refusal.found.empty()) out.line("  found     " + printable(refusal.found));
  if (!refusal.expected.empty()) out.line("  expected  " + printable(refusal.expected));
  out.line("  you are   " + printable(issuer::you_are(principal)));
  if (!decision.rule.empty()) out.line("  rule      " + printable(decision.rule) + "  role " + decision.role);
  if (const auto& near = decision.nearest)
    out.line("  nearest   " + printable(near->rule) + (near->role.empty() ? "" : "  role " + near->role) + "  " +
             near->part + " is " + printable(near->found) + ", wanted " + printable(near->expected));
  out.line("  fix       " + printable(fix_of(refusal)));
}

Json decision_json(const access::Decision& decision, const std::vector<policy::Considered>& rules,
                   const Request& request) {
  auto outcome = decision.allowed() ? "allow" : decision.outcome == policy::Outcome::deny ? "deny" : "error";
  auto json = Json::object({{"decision", outcome},
                            {"resource", request.resource},
                            {"action", request.action},
                            {"role", decision.role},
                            {"rule", decision.rule},
                            {"policy", decision.policy_digest}});
  if (decision.refusal) json.set("refusal", to_json(*decision.refusal));
  if (decision.nearest) json.set("nearest", access::to_json(*decision.nearest));
  Json considered = Json::array();
  for (const auto& rule : rules) considered.push(rule_json(rule));
  return json.set("considered", std::move(considered));
}

Result<std::shared_ptr<const context::Facts>> facts_of(const std::string& path, Time now) {
  Json json = Json::array();
  if (!path.empty()) {
    WW_TRY(json, read_json_file(path));
  }
  WW_TRY(auto facts, context::TableFacts::from_json(json, now));
  return std::make_shared<const context::TableFacts>(std::move(facts));
}

Result<int> explain(const ExplainOptions& options, const std::shared_ptr<const policy::Policy>& policy,
                    const Output& out) {
  WW_TRY(auto principal, principal_of(options));
  WW_TRY(auto request, request_of(options, *policy));
  WW_TRY(auto now, time_or_now(options.at));
  WW_TRY(auto facts, facts_of(options.facts, now));
  auto roles = policy->roles_of(principal);
  access::Snapshot snapshot{policy, facts};
  const access::Asked asked{request.resource, request.action, request.method, request.path, request.host};
  auto decision = access::decide(snapshot, principal, roles, asked, now);
  access::add_nearest(decision, snapshot, principal, roles, asked, now, policy::Told::author);
  auto rules = policy->explain(
      {principal, roles, request.resource, request.action, request.method, request.path, request.host, *facts, now});
  if (out.json()) {
    out.value(decision_json(decision, rules, request));
  } else {
    for (const auto& rule : rules) print_rule(rule, out);
    print_decision(decision, principal, request, out);
  }
  return decision.allowed() ? kOk : exit_code(decision.refusal->reason);
}

}  // namespace

int policy_check(const std::string& directory, const Output& out) {
  auto policy = policy::Policy::load(directory);
  if (!policy) return out.errors(policy.error());
  auto summary = Json::object({{"digest", (*policy)->digest()},
                               {"rules", static_cast<std::int64_t>((*policy)->rule_count())},
                               {"resources", static_cast<std::int64_t>((*policy)->resources().size())}});
  Json warnings = Json::array();
  for (const auto& resource : (*policy)->resources())
    for (auto& warning : resource->warnings()) {
      if (!out.json()) out.line(out.bad("warning") + "  " + printable(warning));
      warnings.push(std::move(warning));
    }
  summary.set("warnings", std::move(warnings));
  if (out.json())
    out.value(summary);
  else
    out.line(out.good("valid") + "  " + std::to_string((*policy)->resources().size()) + " resources, " +
             std::to_string((*policy)->rule_count()) + " rules, digest " + (*policy)->digest());
  return kOk;
}

int policy_test(const std::string& directory, const Output& out) {
  auto outcomes = policy::run_tests(directory);
  if (!outcomes) return out.errors(outcomes.error());
  std::size_t failed = 0;
  Json list = Json::array();
  for (const auto& outcome : *outcomes) {
    if (outcome.failure) ++failed;
    auto json =
        Json::object({{"name", outcome.name}, {"where", outcome.where}, {"passed", !outcome.failure.has_value()}});
    if (outcome.failure) json.set("failure", to_json(*outcome.failure));
    list.push(std::move(json));
    if (out.json()) continue;
    out.line((outcome.failure ? out.bad("fail  ") : out.good("pass  ")) + printable(outcome.name) + "  (" +
             printable(outcome.where) + ")");
    if (outcome.failure) {
      out.line("        found     " + printable(outcome.failure->found));
      out.line("        expected  " + printable(outcome.failure->expected));
    }
  }
  if (out.json())
    out.value(Json::object({{"tests", std::move(list)}, {"failed", static_cast<std::int64_t>(failed)}}));
  else
    out.line(std::to_string(outcomes->size() - failed) + " passed, " + std::to_string(failed) + " failed");
  return failed == 0 ? kOk : kInvalid;
}

int policy_explain(const ExplainOptions& options, const Output& out) {
  if (auto usage = check_usage(options); !usage) return out.error(usage.error());
  auto policy = policy::Policy::load(options.directory);
  if (!policy) return out.errors(policy.error());
  auto code = explain(options, *policy, out);
  return code ? *code : out.error(code.error());
}

int policy_eval(const EvalOptions& options, const Output& out) {
  auto now = time_or_now(options.at);
  if (!now) return out.error(now.error());
  Result<Json> variables = Json::object();
  if (!options.input.empty()) variables = read_json_file(options.input);
  if (!variables) return out.error(variables.error());
  auto value = policy::Condition::evaluate_any(options.expression, *variables, *now);
  if (!value) return out.error(value.error());
  out.value(*value);
  return kOk;
}

}  // namespace watchword::cli
