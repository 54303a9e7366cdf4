// The door: does a decision cost the same with many rules, and with many sessions?
#include <fmt/format.h>

#include <fstream>
#include <random>

#include "access/access_token.h"
#include "access/decide.h"
#include "bench/bench.h"
#include "context/facts.h"

namespace watchword::bench {
namespace {

const Time kNow = from_unix(1'790'000'000);
constexpr std::size_t kRulesPerProject = 5;

std::string project(std::size_t number) { return fmt::format("acme/p{}", number); }
std::string api(std::size_t number) { return fmt::format("api-{}", number); }

// Each project has a resource, a role with a binding and two permissions (one with a condition), and two deny rules, of
// which one covers everyone's writes.
std::shared_ptr<const policy::Policy> policy_with(std::size_t rules) {
  std::vector<std::pair<std::string, std::string>> files;
  constexpr std::size_t kPerFile = 500;
  const std::size_t projects = rules / kRulesPerProject;
  for (std::size_t first = 0; first < projects; first += kPerFile) {
    std::string resources = "resources:\n", roles = "roles:\n", deny = "deny:\n";
    for (std::size_t i = first; i < std::min(projects, first + kPerFile); ++i) {
      resources += fmt::format(
          "  {0}: {{ http: {{ upstream: https://{0}.internal, host: {0}.gate.acme.dev }}, actions: {{ read: {{ "
          "methods: "
          "[GET] }}, write: {{ methods: [POST] }} }} }}\n",
          api(i));
      roles += fmt::format(
          "  role-{0}: {{ granted_to: [{{ job: {{ issuer: gitlab, project_path: {1}, ref: main, ref_protected: true }} "
          "}}], "
          "allow: [{2}/read, {{ permission: {2}/write, when: job.environment == \"production\" }}] }}\n",
          i, project(i), api(i));
      deny += fmt::format(
          "  - {{ permission: \"*/write\", to: {{ job: {{ project_path: acme/q{0} }} }} }}\n"
          "  - {{ permission: {1}/write, unless: job.ref_protected }}\n",
          i, api(i));
    }
    files.emplace_back(fmt::format("p{:03}.yaml", files.size()), resources + roles + deny);
  }
  auto policy = policy::Policy::parse(files);
  must(policy.has_value(), "the policy does not load");
  must((*policy)->rule_count() == rules, "another number of rules");
  return *std::move(policy);
}

std::shared_ptr<access::Session> session_in(std::size_t of_project, std::size_t job, Random& random) {
  auto claims = claims_of_job(kNow, job);
  claims.set("project_path", project(of_project)).set("ref_protected", true);
  return session_of(claims, kNow, random);
}

std::unique_ptr<access::Grant> grant_for(std::string resource) {
  auto grant = std::make_unique<access::Grant>();
  grant->audience = {std::move(resource)};
  grant->expires = kNow + std::chrono::hours(1);
  return grant;
}

std::int64_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::int64_t pages = 0, resident = 0;
  statm >> pages >> resident;
  return resident * 4096;
}

}  // namespace

Json decide_rules_bench() {
  constexpr std::size_t kSessions = 64;
  struct Sized {
    access::Snapshot snapshot;
    std::vector<std::shared_ptr<access::Session>> sessions;
    std::vector<std::unique_ptr<access::Grant>> grants;
    std::vector<std::string> resources;
    std::size_t next = 0;
  };
  SeededRandom random(1);
  std::vector<std::unique_ptr<Sized>> all;
  std::vector<Case> cases;
  for (const std::size_t rules : {10U, 1'000U, 10'000U}) {
    auto& sized = *all.emplace_back(std::make_unique<Sized>());
    sized.snapshot = {policy_with(rules), std::make_shared<const context::TableFacts>()};
    const std::size_t projects = rules / kRulesPerProject;
    for (std::size_t i = 0; i < kSessions; ++i) {
      const std::size_t of_project = i * projects / kSessions;
      sized.sessions.push_back(session_in(of_project, i, random));
      sized.grants.push_back(grant_for(api(of_project)));
      sized.resources.push_back(api(of_project));
    }
    cases.push_back({"decide_rules_" + std::to_string(rules), [&sized] {
                       const std::size_t i = sized.next++ % kSessions;
                       const auto decision = access::decide(sized.snapshot, *sized.sessions[i], *sized.grants[i],
                                                            {sized.resources[i], "write", "POST", "/", ""}, kNow);
                       must(decision.allowed(), "the decision is another one");
                     }});
  }
  return measured(cases, 9);
}

namespace {

// A table of sessions, and the door behind it.
struct Sessions {
  access::Snapshot snapshot{policy_with(10), std::make_shared<const context::TableFacts>()};
  std::unique_ptr<access::Grant> grant = grant_for("api-0");
  access::SessionTable table;
  std::vector<std::string> ids;  // in random order, so that the next session is seldom in a cache
  std::size_t next = 0;
  std::int64_t bytes_each = 0;

  explicit Sessions(std::size_t count) {
    SeededRandom random(1);
    const auto before = resident_bytes();
    for (std::size_t i = 0; i < count; ++i) {
      auto session = session_in(0, i, random);
      static_cast<void>(session->roles(snapshot.policy));  // kept from the first decision on
      session->set_durable();
      table.insert(std::move(session));
    }
    bytes_each = (resident_bytes() - before) / static_cast<std::int64_t>(count);
    table.each([&](const auto& session) { ids.push_back(session->id()); });
    std::shuffle(ids.begin(), ids.end(), std::mt19937(1));
  }

  void decide(std::size_t active) {
    const auto session = table.find(ids[next++ % active]);
    const auto decision = access::decide(snapshot, *session, *grant, {"api-0", "write", "POST", "/", ""}, kNow);
    must(decision.allowed(), "the decision is another one");
  }
};

}  // namespace

Json decide_sessions_bench(const std::vector<std::size_t>& counts) {
  constexpr std::size_t kActive = 1'000;
  Json out = Json::object();
  std::vector<std::unique_ptr<Sessions>> all;
  std::vector<Case> cases;
  for (const std::size_t count : counts) {
    auto& sessions = *all.emplace_back(std::make_unique<Sessions>(count));
    const std::string number = std::to_string(count);
    out.set("session_bytes_" + number, sessions.bytes_each);
    cases.push_back({"decide_sessions_" + number, [&sessions, count] { sessions.decide(count); }});
    if (count > kActive)
      cases.push_back({"decide_sessions_" + number + "_active", [&sessions] { sessions.decide(kActive); }});
  }
  const auto times = measure(cases, 7, 0.3);
  for (std::size_t i = 0; i < cases.size(); ++i) out.set(cases[i].name, times[i]);
  return out;
}

}  // namespace watchword::bench
