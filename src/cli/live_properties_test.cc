// docs/live-context-model.md, played: random histories of a CI system, of people and of restarts, against a model that
// is a few booleans for each job. RC_PARAMS="seed=..." runs a printed seed again.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <array>
#include <map>
#include <set>

#include "cli/live.h"
#include "net/loop.h"
#include "support/gate_fixture.h"

namespace watchword::cli {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::size_t kJobs = 3;
constexpr std::array<std::string_view, 3> kActions{"read", "write", "delete"};

enum class Kind : std::uint8_t { job_event, merge_event, again, answers, exchange, end, freeze, policy, time, restart };

struct Step {
  Kind kind;
  std::size_t job, variant;
};
void showValue(const Step& step, std::ostream& out) {
  static constexpr std::array kNames{"job_event", "merge_event", "again",  "answers", "exchange",
                                     "end",       "freeze",      "policy", "time",    "restart"};
  out << kNames[static_cast<std::size_t>(step.kind)] << "(" << step.job << ", " << step.variant << ")";
}

rc::Gen<std::vector<Step>> any_history() {
  const auto kind = rc::gen::weightedElement<Kind>({{4, Kind::job_event},
                                                    {4, Kind::merge_event},
                                                    {3, Kind::again},
                                                    {2, Kind::answers},
                                                    {6, Kind::exchange},
                                                    {1, Kind::end},
                                                    {2, Kind::freeze},
                                                    {2, Kind::policy},
                                                    {2, Kind::time},
                                                    {2, Kind::restart}});
  const auto step =
      rc::gen::construct<Step>(kind, rc::gen::inRange<std::size_t>(0, kJobs), rc::gen::inRange<std::size_t>(0, 12));
  return rc::gen::resize(80, rc::gen::container<std::vector<Step>>(step));
}

std::string sha_of(std::size_t job) { return std::string(40, "abc"[job]); }
std::string id_of(std::size_t job) { return std::to_string(100 + job); }

// Three policies: all that depends on facts; without write; sessions outlive their jobs.
std::string policy_text(std::size_t number) {
  const std::string write =
      number == 1 ? "" : "\n      - { permission: billing-api/write, when: 'context.merged(\"main\", job.sha)' }";
  return R"(
resources:
  billing-api:
    http: { upstream: "https://billing.internal.example.com", host: billing.gate.example.com }
    actions:
      read: { methods: [GET] }
      write: { methods: [POST] }
      delete: { methods: [DELETE] }
roles:
  deploy:
    granted_to: [{ job: { issuer: gitlab, project_path: acme/billing } }]
    allow:
      - billing-api/read
      - { permission: billing-api/delete, when: '!context.frozen("production")' })" +
         write + "\n    session: { ttl: 15m, ends_with_job: " + (number == 2 ? "false" : "true") + " }\n";
}

class NoNetwork final : public http::Fetcher {
 public:
  Result<http::FetchReply> send(const http::FetchRequest& request, const http::FetchOptions&) override {
    return fail(Reason::issuer_unavailable, request.url, "a network");
  }
};

// What the gate must say, by what it was told.
struct Model {
  struct Job {
    bool over = false, merged = false;  // the gate was told
    std::optional<Time> expires;        // a session was opened
    bool ends_with_job = false;         // said when it was opened
    bool ended = false, expired = false;
  };
  std::array<Job, kJobs> jobs;
  std::size_t policy = 0;
  bool frozen = false;

  bool open(const Job& job) const { return job.expires && !job.ended && !job.expired; }
  std::set<std::string_view> rights(const Job& job) const {
    std::set<std::string_view> out;
    if (!open(job)) return out;
    out.insert("read");
    if (job.merged && policy != 1) out.insert("write");
    if (!frozen) out.insert("delete");
    return out;
  }
  void job_over(Job& job) {
    job.over = true;
    if (open(job) && job.ends_with_job) job.ended = true;
  }
};

class World {
 public:
  World() : gate_({.policy = policy_text(0)}) {
    config_.reconcile.own_ticks = false;
    config_.reconcile.workers = 1;
    connect();
  }

  void play(const Step& step) {
    auto& job = model_.jobs[step.job];
    switch (step.kind) {
      case Kind::job_event:
        return happens(job_event(step));
      case Kind::merge_event:
        return happens(merge_event(step));
      case Kind::again:
        if (!events_.empty()) deliver(events_[step.variant % events_.size()], step.job == 0);
        return;
      case Kind::answers:
        return answers(step);
      case Kind::exchange:
        return exchange(step.job);
      case Kind::end:
        if (job.expires && !job.expired) job.ended = true;
        if (auto session = gate_.sessions().find_job("gitlab", id_of(step.job)))
          RC_ASSERT(net::run_blocking(gate_.service().end_session(session, access::SessionEnd::revoked, "", {})));
        return;
      case Kind::freeze:
        return freeze(step.variant);
      case Kind::policy:
        model_.policy = step.variant % 3;
        return gate_.set_policy(policy_text(model_.policy));
      case Kind::time:
        return pass(seconds(1 + 20 * step.variant));
      case Kind::restart:
        return restart();
    }
  }

  // The proxy's question, and introspection's answer, for every token that was handed out.
  void check() {
    for (std::size_t i = 0; i < kJobs; ++i) {
      const auto& job = model_.jobs[i];
      const auto rights = model_.rights(job);
      const auto session = gate_.sessions().find_job("gitlab", id_of(i));
      RC_ASSERT((session != nullptr) == job.expires.has_value());
      const auto status = gate_.facts().job("gitlab", "42", id_of(i));
      RC_ASSERT((status && context::finished(*status)) == job.over);  // facts never go backwards
      if (!tokens_.contains(i)) continue;
      for (const auto action : kActions) {
        const auto decision = gate_.decide(tokens_[i], "billing-api", action);
        RC_ASSERT(decision.allowed() == rights.contains(action));
        const auto reason = decision.refusal ? name(decision.refusal->reason) : "";
        if (reason == "token_expired") continue;  // looked at before the session
        if (job.ended) RC_ASSERT(reason == "session_ended");
        if (job.expired) RC_ASSERT(reason == "session_expired");
      }
      const auto answer = net::run_blocking(gate_.service().introspect(tokens_[i], client_, {}));
      RC_ASSERT(answer.has_value());
      RC_ASSERT(scope_of(answer->string_or("scope", "")) == rights);
      RC_ASSERT(answer->find("active")->boolean() != nullptr && *answer->find("active")->boolean() == !rights.empty());
    }
  }

 private:
  struct Event {
    std::string id;
    std::vector<context::Change> changes;
    std::size_t job = 0;
    bool over = false, merged = false;  // what it says of the job
  };

  void connect() {
    auto live = LiveContext::start(config_, gate_.facts(), gate_.service(), fetcher_);
    RC_ASSERT(live.has_value());
    live_ = *std::move(live);
  }

  static std::set<std::string_view> scope_of(std::string_view text) {
    std::set<std::string_view> out;
    for (const auto action : kActions)
      if (text.contains(std::string("billing-api/").append(action))) out.insert(action);
    return out;
  }

  // Of a job that may have ended, seen at some moment of the last minute; every fifth of another project's.
  Event job_event(const Step& step) {
    static constexpr std::array kStatus{context::JobStatus::running, context::JobStatus::success,
                                        context::JobStatus::canceled, context::JobStatus::pending};
    const auto status = kStatus[step.variant % kStatus.size()];
    const bool ours = step.variant % 5 != 4;
    return {.id = "",
            .changes = {{ours ? "42" : "43", gate_.clock.now() - seconds(step.variant),
                         context::JobChange{id_of(step.job), "815", status}}},
            .job = step.job,
            .over = ours && context::finished(status)};
  }

  Event merge_event(const Step& step) {
    const std::string branch = step.variant % 4 == 3 ? "next" : "main", sha = sha_of(step.job);
    Event event{.id = "", .changes = {}, .job = step.job, .merged = branch == "main"};
    context::Change change{"42", gate_.clock.now() - seconds(step.variant), {}};
    switch (step.variant % 3) {
      case 0:
        change.what = context::Pushed{branch, {sha}, {}, {}};
        break;
      case 1:
        change.what = merge_request(step.job, branch, "merged");
        break;
      default:
        change.what = merge_request(step.job, branch, "opened");
        event.merged = false;
    }
    event.changes.push_back(std::move(change));
    return event;
  }
  static context::MergeRequestChange merge_request(std::size_t job, const std::string& branch, std::string state) {
    return {.iid = std::to_string(1 + job),
            .target_branch = branch,
            .source_branch = "feature",
            .state = std::move(state),
            .source_sha = sha_of(job),
            .merge_commit_sha = std::string(40, 'd'),
            .squash_commit_sha = {},
            .draft = false,
            .approved = {}};
  }

  // Every fourth event is lost, or comes later by Kind::again.
  void happens(Event event) {
    event.id = "event-" + std::to_string(events_.size());
    events_.push_back(event);
    if (events_.size() % 4 != 0) deliver(event, true);
  }

  // `same_id`: as GitLab sends an event again; else as if it were another.
  void deliver(const Event& event, bool same_id) {
    const auto id = same_id ? event.id : event.id + "-" + std::to_string(++sent_again_);
    const auto taken = net::run_blocking(live_->intake().take("gitlab", id, event.changes));
    RC_ASSERT(taken.has_value());
    const auto now = gate_.clock.now();
    if (taken_.contains(id) && now < taken_[id]) RC_ASSERT(*taken == context::Intake::Taken::duplicate);
    if (*taken == context::Intake::Taken::duplicate) return;
    taken_[id] = now + minutes(15);
    auto& job = model_.jobs[event.job];
    if (event.over) model_.job_over(job);
    job.merged |= event.merged;
  }

  // What a look at the CI system finds: the job as its events, lost ones too, have left it; and whether its commit is
  // merged, as far as the API knows.
  void answers(const Step& step) {
    bool over = false, merged = false;
    for (const auto& event : events_) {
      over |= event.job == step.job && event.over;
      merged |= event.job == step.job && event.merged;
    }
    const auto now = gate_.clock.now();
    const auto status = over ? context::JobStatus::failed : context::JobStatus::running;
    RC_ASSERT(
        live_->intake().take_answers("gitlab", {{"42", now, context::JobChange{id_of(step.job), "815", status}},
                                                {"42", now, context::MergedAnswer{"main", sha_of(step.job), merged}}}));
    if (over) model_.job_over(model_.jobs[step.job]);
    model_.jobs[step.job].merged |= merged;
  }

  void exchange(std::size_t number) {
    auto& job = model_.jobs[number];
    const bool over = job.over && model_.policy != 2;
    const auto reply = gate_.exchange(gate_.id_token([&](Json& claims) {
      claims.set("job_id", id_of(number));
      claims.set("sha", sha_of(number));
    }));
    const auto refused = [&](Reason reason) { return !reply && reply.error().error.reason == reason; };
    if (over) return RC_ASSERT(refused(Reason::job_finished));
    if (job.ended) return RC_ASSERT(refused(Reason::session_ended));
    if (job.expired) return RC_ASSERT(refused(Reason::session_expired));
    RC_ASSERT(reply.has_value());
    if (!job.expires) {
      job.expires = gate_.clock.now() + minutes(15);
      job.ends_with_job = model_.policy != 2;
    }
    std::set<std::string_view> granted;
    for (const auto& permission : reply->scope)
      granted.insert(*std::ranges::find(kActions, std::string_view(permission.action)));
    RC_ASSERT(granted == model_.rights(job));
    tokens_[number] = reply->access_token;
  }

  // As the admin API does it. Every third is another project's.
  void freeze(std::size_t variant) {
    const bool ours = variant % 3 != 2;
    const context::Freeze freeze{"gitlab",     ours ? "acme/billing" : "acme/tools",
                                 "production", gate_.clock.now() + std::chrono::hours(24),
                                 "",           ""};
    store::Batch batch;
    if (variant % 2 == 0) {
      batch.changes.emplace_back(store::PutFact{gate_.facts().freeze(freeze)});
    } else if (const auto row = gate_.facts().thaw(freeze.issuer, freeze.project, freeze.environment)) {
      batch.changes.emplace_back(store::DropFact{row->issuer, row->project, row->kind, row->key});
    }
    RC_ASSERT(gate_.store().commit_and_wait(std::move(batch)));
    if (ours) model_.frozen = variant % 2 == 0;
  }

  // Within the hour of the identity tokens, and as the maintenance thread goes on.
  void pass(Duration time) {
    if ((passed_ += time) > minutes(50)) return;
    gate_.clock.advance(time);
    for (auto& job : model_.jobs)
      if (model_.open(job) && gate_.clock.now() >= *job.expires) job.expired = true;
    RC_ASSERT(gate_.service().sweep(gate_.clock.now()));
    RC_ASSERT(live_->sweep(gate_.clock.now()));
  }

  std::set<std::string> allowed() {
    std::set<std::string> out;
    for (const auto& [job, token] : tokens_)
      for (const auto action : kActions)
        if (gate_.decide(token, "billing-api", action).allowed()) out.insert(id_of(job) + " " + std::string(action));
    return out;
  }

  void restart() {
    const auto before = allowed();
    live_.reset();
    gate_.restart();
    connect();
    RC_ASSERT(allowed() == before);
  }

  testing::TestGate gate_;
  NoNetwork fetcher_;
  Config config_;
  std::unique_ptr<LiveContext> live_;
  access::Client client_{"billing-backend", {}, {}, {"billing-api"}};
  Model model_;
  std::vector<Event> events_;
  std::map<std::string, Time> taken_;
  std::size_t sent_again_ = 0;
  Duration passed_{};
  std::map<std::size_t, std::string> tokens_;
};

RC_GTEST_PROP(LiveProperties, EveryDoorSaysWhatTheModelSays, ()) {
  World world;
  for (const Step& step : *any_history()) {
    world.play(step);
    world.check();
  }
}

}  // namespace
}  // namespace watchword::cli
