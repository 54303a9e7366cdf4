// The checks of doctor that look at the newest sessions: what issuers really send, beside what the policy asks for.
#include <algorithm>
#include <map>

#include "access/session_document.h"
#include "cli/admin_client.h"
#include "cli/doctor.h"
#include "cli/doctor_clock.h"
#include "policy/suspects.h"

namespace watchword::cli {
namespace {

constexpr std::string_view kNewest = "50";
constexpr Duration kSlack = std::chrono::minutes(1);

Result<access::Session::Opening> opening_of(const AdminOptions& admin, std::string_view id) {
  WW_TRY(const auto shown, expect_ok(ask_admin(admin, "GET", "/api/v1/sessions/" + std::string(id))));
  const auto opened = from_rfc3339(shown.string_or("opened", "")),
             expires = from_rfc3339(shown.string_or("expires", ""));
  const auto* identity = shown.find("identity");
  if (!opened || !expires || identity == nullptr)
    return fail(Reason::gate_unreachable, "a session without times or identity", "a gate of this version");
  store::SessionRow row{};
  row.id = id;
  row.issuer = shown.string_or("issuer", "");
  row.opened = *opened;
  row.expires = *expires;
  row.document = identity->dump();
  return access::opening_from_document(row);
}

Result<Seen> newest_sessions(const DoctorOptions& options) {
  const AdminOptions admin{.admin = {}, .config = options.config};
  WW_TRY(const auto list,
         expect_ok(ask_admin(admin, "GET", "/api/v1/sessions?ended=true&limit=" + std::string(kNewest))));
  Seen seen;
  const auto* sessions = list.find("sessions");
  if (sessions == nullptr || sessions->array_items() == nullptr) return seen;
  for (const auto& session : *sessions->array_items()) {
    auto opening = opening_of(admin, session.string_or("id", ""));
    if (!opening && opening.error().reason == Reason::not_found) continue;  // forgotten meanwhile
    if (!opening) return std::unexpected(std::move(opening).error());
    seen.push_back(*std::move(opening));
  }
  return seen;
}

}  // namespace

// A token is exchanged after it was issued: one from the future was issued by a clock that is ahead.
Checks judge_token_clocks(const Seen& seen) {
  std::map<std::string, Duration> ahead;
  for (const auto& opening : seen) {
    if (!opening.principal.issued) continue;
    const auto by = std::max(*opening.principal.issued - opening.opened, Duration::zero());
    auto& most = ahead.try_emplace("of the tokens of " + opening.principal.issuer, by).first->second;
    most = std::max(most, by);
  }
  Checks checks;
  check_clocks(ahead, checks);
  return checks;
}

Checks judge_lifetimes(const Seen& seen) {
  struct Life {
    Duration longest{}, ttl{};
    bool reached = false;  // some session was as long as its roles let it be
  };
  std::map<std::string, Life> lives;
  for (const auto& opening : seen) {
    auto& life = lives[opening.principal.issuer];
    life.longest = std::max(life.longest, opening.expires - opening.opened);
    life.ttl = std::max(life.ttl, opening.limits.ttl);
    life.reached = life.reached || opening.expires - opening.opened + kSlack >= opening.limits.ttl;
  }
  Checks checks;
  for (const auto& [issuer, life] : lives) {
    const auto longest = to_string(std::chrono::floor<std::chrono::seconds>(life.longest));
    auto& check = checks.emplace_back("lifetime " + issuer, "sessions of up to " + longest);
    if (!life.reached)
      check.trouble =
          Error{Reason::policy_suspect,
                "session.ttl " + to_string(life.ttl) + ", but ID tokens end sooner: the longest session had " + longest,
                "a ttl that the tokens of " + issuer + " live for",
                {},
                "shorten session.ttl of the roles, or let tokens live longer (GitLab: the job's timeout)"};
  }
  return checks;
}

void check_seen(const DoctorOptions& options, const policy::Policy& policy, Checks& checks) {
  auto seen = newest_sessions(options);
  if (!seen) return checks.push_back({"sessions", {}, seen.error()});
  const auto add = [&checks](Checks more) { std::ranges::move(more, std::back_inserter(checks)); };
  add(judge_token_clocks(*seen));
  add(judge_lifetimes(*seen));
  std::vector<issuer::Principal> principals;
  for (auto& opening : *seen) principals.push_back(std::move(opening.principal));
  for (auto& error : policy::never_matched(policy, principals))
    checks.push_back({"suspect " + error.where, {}, std::move(error)});
}

}  // namespace watchword::cli
