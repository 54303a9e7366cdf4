// watchword doctor.
#include "cli/doctor.h"

#include <algorithm>

#include "base/text.h"
#include "cli/admin_client.h"
#include "cli/doctor_clock.h"
#include "issuer/key_fetch.h"

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
  if (context) return {*std::move(context)};
  checks.push_back({"gate", {}, std::move(context).error()});
  return {};
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
  check_files(*config, checks);
  const auto gate = check_gate(options, checks);
  check_envoy(*config, options, checks);
  check_issuers(*config, fetcher, checks);
  check_gitlab(*config, options, gate, fetcher, checks);
  check_clocks(fetcher.ahead(), checks);
  check_space(*config, checks);
  return checks;
}

void show(const CheckResult& check, const Output& out) {
  constexpr std::size_t kColumn = 28;
  auto name = printable(check.name);
  name += std::string(name.size() < kColumn ? kColumn - name.size() : 1, ' ');
  if (!check.trouble) return out.line(out.good("good  ") + name + printable(check.detail));
  const Error& error = *check.trouble;
  out.line(out.bad("bad   ") + name + printable(to_string(error)));
  out.line("      fix  " + printable(fix_of(error)));
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
  const auto checks = run_checks(options);
  const bool healthy = std::ranges::none_of(checks, [](const CheckResult& one) { return one.trouble.has_value(); });
  Json list = Json::array();
  for (const auto& check : checks) {
    if (!out.json()) show(check, out);
    auto json = Json::object({{"check", check.name}, {"good", !check.trouble}});
    if (!check.detail.empty()) json.set("detail", check.detail);
    if (check.trouble) json.set("failure", to_json(*check.trouble));
    list.push(std::move(json));
  }
  if (out.json()) out.value(Json::object({{"healthy", healthy}, {"checks", std::move(list)}}));
  return healthy ? kOk : kDenied;
}

}  // namespace watchword::cli
