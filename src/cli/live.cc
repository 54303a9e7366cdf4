#include "cli/live.h"

#include <algorithm>

#include "base/file.h"
#include "context/gitlab_hooks.h"

namespace watchword::cli {
namespace {

// Both look at everything that is known.
constexpr Duration kSweepEvery = std::chrono::seconds(10);

context::GroupMembers::Ask groups_asker(const LiveSource& source, Secret token, http::Fetcher& fetcher) {
  auto api = std::make_shared<context::GitlabHooks>(source.url, std::move(token), source.fetch, fetcher);
  return [api](const std::string& project) { return api->groups_of(project); };
}

}  // namespace

Result<context::WebhookSecrets> webhook_secrets(const LiveSource& source) {
  context::WebhookSecrets secrets;
  for (const auto& reference : source.webhook_secrets) {
    WW_TRY(auto secret, resolve_secret(reference));
    WW_CHECK(context::add_secret(secrets, secret));
  }
  return secrets;
}

Result<std::vector<api::HookSource>> hook_sources(const std::vector<LiveSource>& sources) {
  std::vector<api::HookSource> hooks;
  for (const auto& source : sources) {
    if (source.webhook_secrets.empty()) continue;
    WW_TRY(auto secrets, webhook_secrets(source));
    hooks.push_back({source.issuer, std::move(secrets)});
  }
  return hooks;
}

LiveContext::LiveContext(context::FactTable& facts, access::TokenService& service)
    : facts_(facts),
      service_(service),
      intake_(facts, service.parts().store, service.parts().clock, service.parts().metrics,
              [this](std::string_view issuer, const std::vector<context::Change>& changes, bool changed) {
                learned(issuer, changes, changed);
              }) {}

Result<std::unique_ptr<LiveContext>> LiveContext::start(const Config& config, context::FactTable& facts,
                                                        access::TokenService& service, http::Fetcher& fetcher) {
  std::unique_ptr<LiveContext> live(new LiveContext(facts, service));
  WW_CHECK(live->intake_.restore());
  live->end_finished_jobs();
  live->max_age_ = config.facts.max_age;
  std::vector<context::Reconciler::Source> sources;
  std::vector<std::string> asked;
  std::map<std::string, context::GroupMembers::Ask> groups;
  for (const auto& source : config.live_sources) {
    auto& silent = service.parts().metrics.gauge(
        "watchword_hooks_silent", "Projects with open sessions that no event was heard of for longer than max_age",
        {{"issuer", source.issuer}});
    live->watched_.push_back({source.issuer, !source.webhook_secrets.empty(), !source.api_token.empty(), silent});
    asked.push_back(source.issuer);
    Secret token;
    if (!source.api_token.empty()) {
      WW_TRY(token, resolve_secret(source.api_token));
      groups.emplace(source.issuer, groups_asker(source, token.clone(), fetcher));
    }
    sources.push_back(
        {source.issuer, std::make_unique<context::GitlabApi>(source.url, std::move(token), source.fetch, fetcher)});
  }
  service.job_tokens().accept_from(std::move(asked));
  live->groups_ = std::make_unique<context::GroupMembers>(std::move(groups), service.parts().clock);
  live->reconciler_ = context::Reconciler::start(
      std::move(sources), live->intake_, [raw = live.get()] { return raw->live_jobs(); }, service.job_tokens(),
      [&service](const context::LiveJob& job) { service.end_job(job.issuer, job.project_id, job.job); },
      config.reconcile, service.parts().clock, service.parts().metrics);
  service.ask_with(*live->reconciler_);
  live->reconciler_->look_now();
  return live;
}

std::vector<context::LiveJob> LiveContext::live_jobs() const {
  std::vector<context::LiveJob> jobs;
  service_.parts().sessions.each([&](const std::shared_ptr<access::Session>& session) {
    const auto* machine = session->principal().machine();
    if (session->ended() || !machine || machine->runs_in().empty() || machine->job.empty()) return;
    jobs.push_back({session->principal().issuer, machine->runs_in(), machine->pipeline, machine->job});
  });
  return jobs;
}

OpenProjects LiveContext::open_projects() const {
  OpenProjects open;
  service_.parts().sessions.each([&](const std::shared_ptr<access::Session>& session) {
    const auto* machine = session->principal().machine();
    if (session->ended() || !machine || machine->project_id.empty()) return;
    auto& project = open[{session->principal().issuer, machine->project_id}];
    project.path = machine->project;
    project.since = project.sessions == 0 ? session->opened() : std::min(project.since, session->opened());
    ++project.sessions;
  });
  return open;
}

Status LiveContext::sweep(Time now) {
  if (intake_.take_gap()) reconciler_->look_now();
  if (now - swept_ < kSweepEvery && now >= swept_) return {};
  swept_ = now;
  const auto all = health();
  for (std::size_t i = 0; i < all.size(); ++i)
    watched_[i].silent.set(std::ranges::count_if(all[i].projects, &api::ContextHealth::Project::silent));
  return intake_.sweep(now);
}

std::vector<api::ContextHealth> LiveContext::health() const {
  const auto open = open_projects();
  const auto heard = facts_.heard();
  const auto answers = reconciler_->health();
  std::vector<api::ContextHealth> all;
  for (const auto& watched : watched_) {
    auto& health = all.emplace_back();
    health.issuer = watched.issuer;
    health.asked = watched.asked;
    health.heard = watched.heard;
    health.disagreeing = intake_.stats().disagreeing(watched.issuer);
    health.projects = projects_of(watched.issuer, open, heard, max_age_, service_.parts().clock.now());
    if (!watched.heard)
      for (auto& project : health.projects) project.silent = false;  // nothing is expected of it
    const auto answer = std::ranges::find(answers, watched.issuer, &context::Reconciler::Health::issuer);
    if (answer == answers.end()) continue;
    health.last_answer = answer->last_answer;
    health.trouble = answer->trouble;
  }
  return all;
}

// An event may have become durable, and the end that follows from it not.
void LiveContext::end_finished_jobs() {
  for (const auto& live : live_jobs()) {
    auto status = facts_.job(live.issuer, live.project_id, live.job);
    if (status && context::finished(*status)) service_.end_job(live.issuer, live.project_id, live.job);
  }
}

void LiveContext::learned(std::string_view issuer, const std::vector<context::Change>& changes, bool changed) {
  for (const auto& change : changes)
    if (const auto* job = std::get_if<context::JobChange>(&change.what); job && context::finished(job->status))
      service_.end_job(issuer, change.project_id, job->job);
  if (changed) service_.rights_changed();
}

}  // namespace watchword::cli
