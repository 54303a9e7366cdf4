// watchword serve, config check, and the small commands.
#include "base/random.h"
#include "cli/commands.h"
#include "cli/config.h"
#include "cli/gate.h"
#include "cli/run_gate.h"
#include "cli/startup.h"
#include "crypto/digest.h"
#include "envoy/bootstrap.h"
#include "terminal/version.h"

namespace watchword::cli {

int serve(const ServeOptions& options, const Output& out) {
  auto config = load_config(options.config);
  if (!config) return out.errors(config.error());
  log::set_level(config->log_level);
  terminal::SignalWait signals;  // before any thread, so that all inherit the mask
  SystemClock clock;
  SystemRandom random;
  http::CurlFetcher fetcher;
  auto gate = Gate::start(*std::move(config), fetcher, clock, random);
  if (!gate) return out.errors(gate.error());
  log::info("listening", {{"api", net::to_string((*gate)->api_address())},
                          {"gateway", net::to_string((*gate)->gateway_address())},
                          {"version", terminal::kVersion}});
  run_until_stopped(**gate, signals);
  return kOk;
}

int config_check(const std::string& file, const Output& out) {
  auto config = load_config(file);
  if (!config) return out.errors(config.error());
  auto startup = load_startup(*config);
  if (!startup) return out.errors(startup.error());
  if (auto misfits = resource_misfits(*config, *startup->policy.policy); !misfits.empty()) return out.errors(misfits);
  for (const auto& node : startup->nodes) {
    auto parts = envoy::render_node(*startup->policy.policy, node.options);
    if (!parts || !parts->left_out.empty()) return out.errors(parts ? parts->left_out : parts.error());
  }
  const auto& digest = startup->policy.policy->digest();
  if (out.json())
    out.value(Json::object({{"valid", true}, {"policy", digest}}));
  else
    out.line(out.good("valid") + "  " + file + ", policy " + digest);
  return kOk;
}

int clients_secret(const Output& out) {
  SystemRandom random;
  auto secret = random_token(random, 32);
  auto hash = "sha256:" + crypto::sha256_hex(secret);
  if (out.json()) {
    out.value(Json::object({{"secret", secret}, {"hash", hash}}));
    return kOk;
  }
  out.line("secret  " + secret + "   (for the client; it is shown once)");
  out.line("hash    " + hash + "   (for 'secret' of the client in watchword.yaml)");
  return kOk;
}

}  // namespace watchword::cli
