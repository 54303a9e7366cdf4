// The form of: envoy.
#include "cli/command_forms.h"

namespace watchword::cli {
namespace {

void add_rendering(CLI::App* command, EnvoyOptions& options) {
  command->add_option("--config", options.config, "watchword.yaml")->required()->envname("WATCHWORD_CONFIG");
  command->add_option("--listen", options.listen, "where Envoy listens: host:port or unix:/path")
      ->capture_default_str();
  command->add_option("--ext-authz", options.ext_authz, "where the gate answers; else listen.ext_authz");
  command->add_option("--admin", options.admin, "Envoy's admin interface")->capture_default_str();
  command->add_option("--host", options.hosts, "host of the gate, for resources with a prefix; else that of its url");
  command->add_option("--resource", options.resources, "render only this one");
  command->add_option("--certificate", options.listener_tls.certificate,
                      "of the listener (PEM); else watchword.yaml's");
  command->add_option("--key", options.listener_tls.key, "its key (PEM)");
  command->add_option("--client-ca", options.listener_tls.client_ca, "demand client certificates of this CA (PEM)");
  command->add_option("--gate-ca", options.gate_ca, "CA of the gate's certificate (PEM); else --ca-bundle");
  command->add_option("--gate-certificate", options.gate_certificate, "Envoy's own towards the gate (PEM)");
  command->add_option("--gate-key", options.gate_key, "its key (PEM)");
  command->add_option("--ca-bundle", options.ca_bundle, "CAs of upstreams without `ca` (PEM)")->capture_default_str();
  command->add_option("--access-log", options.access_log, "file; else standard output");
  command->add_option("--timeout", options.timeout, "of the gate's answer")->capture_default_str();
  command->add_option("--max-stream", options.max_stream, "longest request or stream")->capture_default_str();
  command->add_option("--heap-mib", options.heap_mib, "memory beyond which Envoy refuses requests")
      ->capture_default_str()
      ->check(CLI::Range(64, 1 << 20));
  command->add_option("--max-connections", options.max_connections, "of clients at once")
      ->capture_default_str()
      ->check(CLI::Range(1, 10'000'000));
}

}  // namespace

void add_envoy(CommandTree& tree) {
  auto* envoy = tree.group("envoy", "Envoy's configuration, from the policy");
  auto& rendered = tree.keep<EnvoyOptions>();
  auto* command = tree.leaf(envoy, "config", "render a complete Envoy bootstrap (JSON)",
                            "envoy config --config watchword.yaml --check --output /etc/envoy/envoy.json",
                            [&rendered](const Output& out) { return envoy_config(rendered, out); });
  add_rendering(command, rendered);
  const auto of_file = command->get_options(
      [](const CLI::Option* one) { return one->get_name() != "--config" && one->get_name() != "--help"; });
  auto* node = command->add_option("--node", rendered.node,
                                   "render what an Envoy needs that takes the rest from the gate, by its name there");
  for (auto* one : of_file) node->excludes(one);
  node->excludes(command->add_option("--policy", rendered.policy, "policy folder; else watchword.yaml's"));
  command->add_option("--output", rendered.output, "file; else standard output");
  command->add_flag("--check", rendered.check, "write it only if Envoy takes it and nothing gets past the gate");
  command->add_option("--envoy", rendered.envoy, "the binary to check with; else $PATH's");

  auto& checked = tree.keep<EnvoyCheckOptions>();
  command = tree.leaf(envoy, "check", "find in any bootstrap (JSON) what gets past the gate", "envoy check envoy.json",
                      [&checked](const Output& out) { return envoy_check(checked, out); });
  command->add_option("file", checked.file, "bootstrap")->required();
  command->add_option("--envoy", checked.envoy, "have this binary validate it too");

  auto& compared = tree.keep<EnvoyOptions>();
  auto& sides = tree.keep<std::vector<std::string>>();
  command = tree.leaf(envoy, "diff", "show what a change of policy alters; exit code 1 when it does",
                      "envoy diff --config watchword.yaml --policy old/ new/",
                      [&compared, &sides](const Output& out) { return envoy_diff(compared, sides, out); });
  add_rendering(command, compared);
  command->add_option("--policy", sides, "before and after: policy folders, or rendered files")
      ->required()
      ->expected(2);
}

}  // namespace watchword::cli
