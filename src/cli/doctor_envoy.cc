// The checks of doctor about the Envoys that the gate feeds.
#include "cli/admin_client.h"
#include "cli/doctor.h"

namespace watchword::cli {
namespace {

constexpr std::string_view kManual = "see docs/envoy-xds.md";

// Why Envoy does not take what it was sent last, of the first stream and type that has a reason; empty: it does.
std::string refusal_in(const Json& node) {
  const Json* streams = node.find("streams");
  if (streams == nullptr || streams->array_items() == nullptr) return {};
  for (const Json& stream : *streams->array_items()) {
    const Json* types = stream.find("types");
    if (types == nullptr || types->array_items() == nullptr) continue;
    for (const Json& type : *types->array_items())
      if (const auto refusal = type.string_or("refusal", ""); !refusal.empty())
        return std::string(type.string_or("type", "")) + ": " + std::string(refusal);
  }
  return {};
}

}  // namespace

CheckResult judge_envoy(const Json& node) {
  const std::string name(node.string_or("node", ""));
  const auto bad = [&](std::string found, std::string expected, std::string fix) {
    return CheckResult{
        "envoy " + name, {}, Error{Reason::config_invalid, std::move(found), std::move(expected), {}, std::move(fix)}};
  };
  if (const Json* trouble = node.find("trouble"); trouble != nullptr)
    return bad("it has not all that the policy says: " + std::string(trouble->string_or("found", "")),
               std::string(trouble->string_or("expected", "what can be rendered")), std::string(kManual));
  if (auto refusal = refusal_in(node); !refusal.empty())
    return bad("Envoy refuses, and keeps what it has: " + refusal, "a configuration that it takes",
               std::string(kManual));
  const Json* streams = node.find("streams");
  const auto open = streams != nullptr && streams->array_items() != nullptr ? streams->array_items()->size() : 0;
  if (open == 0)
    return bad("no Envoy of this name is connected", "one",
               "start it with what 'watchword envoy config --node " + name + "' prints");
  return {"envoy " + name, "connected: " + std::to_string(open), {}};
}

void check_envoy(const Config& config, const DoctorOptions& options, Checks& checks) {
  if (config.envoy_nodes.empty()) return;
  const AdminOptions admin{.admin = {}, .config = options.config};
  const auto said = expect_ok(ask_admin(admin, "GET", "/api/v1/envoy"));
  if (!said) return checks.push_back({"envoy", {}, said.error()});
  const Json* nodes = said->find("nodes");
  if (nodes == nullptr || nodes->array_items() == nullptr) return;
  for (const Json& node : *nodes->array_items()) checks.push_back(judge_envoy(node));
}

}  // namespace watchword::cli
