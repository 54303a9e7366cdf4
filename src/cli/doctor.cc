// watchword doctor.
#include "cli/doctor.h"

#include <algorithm>

#include "cli/admin_client.h"
#include "cli/doctor_clock.h"
#include "issuer/key_fetch.h"
#include "job/commands.h"

namespace watchword::cli {
namespace {

void check_parts(const Json& status, Checks& checks) {
  const Json* parts = status.find("parts");
  if (parts == nullptr || parts->array_items() == nullptr) return;
  for (const Json& part : *parts->array_items()) {
    if (holds(part, "ready")) continue;
    const std::string name(part.string_or("name", ""));
    const auto reason = name.starts_with("issuer") ? Reason::issuer_unavailable : Reason::store_unavailable;
    checks.push_back({"gate, " + name, {}, Error{reason, std::string(part.string_or("detail", "")), "ready", {}, {}}});
  }
}

GateSays check_gate(const DoctorOptions& options, Checks& checks) {
  const AdminOptions admin{.admin = {}, .config = options.config};
  auto status = expect_ok(ask_admin(admin, "GET", "/api/v1/status"));
  if (!status) {
    checks.push_back({"gate", {}, std::move(status).error()});
    return {};
  }
  const auto* sessions = status->find_integer("sessions");
  checks.push_back({"gate",
                    "answers, version " + std::string(status->string_or("version", "")) +
                        ", sessions: " + std::to_string(sessions != nullptr ? *sessions : 0),
                    {}});
  check_parts(*status, checks);
  auto context = expect_ok(ask_admin(admin, "GET", "/api/v1/context"));
  GateSays says{*std::move(status), {}};
  if (context)
    says.context = *std::move(context);
  else
    checks.push_back({"gate", {}, std::move(context).error()});
  return says;
}

void check_issuers(const Config& config, http::Fetcher& fetcher, Checks& checks) {
  for (const auto& issuer : config.issuers) {
    const std::string name = "issuer " + issuer.name;
    auto fetched = issuer::fetch_keys(issuer.keys, fetcher);
    if (!fetched)
      checks.push_back({name, {}, std::move(fetched).error()});
    else if (fetched->keys.keys().empty())
      checks.push_back({name, {}, Error{Reason::key_set_invalid, "no usable key", "a key that signs", {}, {}}});
    else
      checks.push_back({name, "keys: " + std::to_string(fetched->keys.keys().size()), {}});
  }
}

Checks run_checks(const DoctorOptions& options) {
  Checks checks;
  auto config = load_config(options.config);
  if (!config) {
    for (auto& error : config.error()) checks.push_back({"config", {}, std::move(error)});
    return checks;
  }
  checks.push_back({"config", options.config, {}});
  http::CurlFetcher curl;
  const SystemClock clock;
  ClockWatch fetcher(curl, clock);
  const auto policy = check_files(*config, checks);
  check_certificates(*config, policy.get(), clock.now(), checks);
  const auto gate = check_gate(options, checks);
  if (gate.status) check_state(*config, options, *gate.status, clock.now(), checks);
  if (gate.status && policy) check_seen(options, *policy, checks);
  check_envoy(*config, options, checks);
  check_issuers(*config, fetcher, checks);
  check_gitlab(*config, options, gate, fetcher, checks);
  check_clocks(fetcher.ahead(), checks);
  check_space(*config, checks);
  return checks;
}

}  // namespace

const Json* GateSays::of_issuer(const std::string& issuer) const {
  const Json* list = context ? context->find("issuers") : nullptr;
  if (list == nullptr || list->array_items() == nullptr) return nullptr;
  const auto found = std::ranges::find_if(*list->array_items(),
                                          [&](const Json& one) { return one.string_or("issuer", "") == issuer; });
  return found == list->array_items()->end() ? nullptr : &*found;
}

bool holds(const Json& part, std::string_view key) {
  const Json* value = part.find(key);
  return value != nullptr && value->boolean() != nullptr && *value->boolean();
}

int doctor(const DoctorOptions& options, const Output& out) {
  if (!options.config.empty()) return terminal::show_checks(run_checks(options), out);
  if (!options.job.gate.empty()) return job::doctor(options.job, out);
  return out.error({Reason::usage_invalid,
                    "neither --config nor --gate",
                    "watchword.yaml of a gate, or, inside a job, the gate's URL",
                    {},
                    "add --config /etc/watchword/watchword.yaml; in a job set WATCHWORD_URL"});
}

}  // namespace watchword::cli
