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
