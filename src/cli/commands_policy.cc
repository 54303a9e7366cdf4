// The form of: policy.
#include "cli/command_forms.h"

namespace watchword::cli {
namespace {

void add_explain(CommandTree& tree, CLI::App* policy) {
  auto& options = tree.keep<ExplainOptions>();
  auto* command = tree.leaf(
      policy, "explain", "say for a request which rules match, and what would have to change",
      "policy explain policy/ --claims job.json --method POST --url https://billing.gate.example.com/v1/invoices",
      [&](const Output& out) { return policy_explain(options, out); });
  command->add_option("directory", options.directory, "policy directory")->required();
  auto* claims = command->add_option("--claims", options.claims, "JSON file with the token's claims");
  auto* token = command->add_option("--token", options.token_file, "ID token, taken unverified; - for standard input");
  claims->excludes(token);
  command->add_option("--issuer", options.issuer, "the issuer's configured name")->capture_default_str();
  command->add_option("--config", options.config, "watchword.yaml, for the issuer's mapping");
  command->add_option("--resource", options.resource, "resource");
  command->add_option("--action", options.action, "action");
  command->add_option("--method", options.method, "HTTP method, with --url");
  command->add_option("--url", options.url, "URL as the job would call it");
  command->add_option("--grpc", options.grpc, "instead of --method: Service/Method at the URL");
  command->add_option("--websocket", options.websocket, "instead of --method: path of a WebSocket at the URL");
  command->add_option("--facts", options.facts, "JSON file with facts (docs/policy.md)");
  command->add_option("--at", options.at, "time instead of now (RFC 3339)");
}

void add_who_can(CommandTree& tree, CLI::App* policy) {
  auto& options = tree.keep<WhoCanOptions>();
  auto* command = tree.leaf(policy, "who-can", "say who can do something, on what conditions, with samples",
                            "policy who-can billing-api/write policy/",
                            [&](const Output& out) { return policy_who_can(options, out); });
  command->add_option("permission", options.permission, "RESOURCE/ACTION or RESOURCE/*")->required();
  command->add_option("directory", options.directory, "policy directory")->required();
  command->add_option("--config", options.config, "watchword.yaml, for the issuers' mappings");
  command->add_option("--at", options.at, "time instead of now (RFC 3339)");
}

void add_diff(CommandTree& tree, CLI::App* policy) {
  auto& options = tree.keep<PolicyDiffOptions>();
  auto* command = tree.leaf(policy, "diff", "say what a change of a policy grants and takes away",
                            "policy diff before/policy policy --fail-on grants",
                            [&](const Output& out) { return policy_diff(options, out); });
  command->add_option("before", options.before, "policy directory")->required();
  command->add_option("after", options.after, "policy directory")->required();
  command->add_option("--fail-on", options.fail_on, "what makes the exit status 4: grants, any or none")
      ->check(CLI::IsMember({"grants", "any", "none"}))
      ->capture_default_str();
  command->add_flag("--markdown", options.markdown, "a report for a merge request");
  command->add_option("--config", options.config, "watchword.yaml, for the issuers' mappings");
  command->add_option("--at", options.at, "time instead of now (RFC 3339)");
}

}  // namespace

void add_policy(CommandTree& tree) {
  auto* policy = tree.group("policy", "check, test and explain policies");
  auto& checked = tree.keep<std::string>();
  auto* command = tree.leaf(policy, "check", "check a policy directory", "policy check policy/",
                            [&](const Output& out) { return policy_check(checked, out); });
  command->add_option("directory", checked, "policy directory")->required();
  auto& tested = tree.keep<std::string>();
  command = tree.leaf(policy, "test", "run the *.test.yaml beside a policy", "policy test policy/",
                      [&](const Output& out) { return policy_test(tested, out); });
  command->add_option("directory", tested, "policy directory")->required();
  add_explain(tree, policy);
  add_who_can(tree, policy);
  add_diff(tree, policy);
  auto& eval = tree.keep<EvalOptions>();
  command = tree.leaf(policy, "eval", "evaluate an expression", "policy eval 'job.ref == \"main\"' --input facts.json",
                      [&](const Output& out) { return policy_eval(eval, out); });
  command->add_option("expression", eval.expression, "a condition (docs/conditions.md)")->required();
  command->add_option("--input", eval.input, "JSON file with the variables");
  command->add_option("--at", eval.at, "time instead of now (RFC 3339)");
  command = policy->add_subcommand("reload", "have a running gate load its policy again");
  auto& admin = admin_of(tree, command);
  command->footer("Example:\n  watchword policy reload --admin unix:/run/watchword/admin.sock");
  tree.runs(command, [&](const Output& out) { return policy_reload(admin, out); });
}

}  // namespace watchword::cli
