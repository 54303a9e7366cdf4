// What a gate knows of its jobs' CI systems: events in, questions out, and what follows from the answers.
#pragma once

#include <memory>
#include <vector>

#include "access/token_service.h"
#include "api/context_health.h"
#include "api/hooks.h"
#include "base/result.h"
#include "cli/config.h"
#include "cli/live_health.h"
#include "context/fact_table.h"
#include "context/group_members.h"
#include "context/intake.h"
#include "context/reconciler.h"

namespace watchword::cli {

class LiveContext {
 public:
  // Restores what the store knows, ends what ended while the gate was down, starts asking. All but `config` outlive it.
  static Result<std::unique_ptr<LiveContext>> start(const Config& config, context::FactTable& facts,
                                                    access::TokenService& service, http::Fetcher& fetcher);

  context::Intake& intake() { return intake_; }
  context::Reconciler& reconciler() { return *reconciler_; }
  context::GroupMembers& groups() { return *groups_; }
  // Asks nobody any more; the loops do not run, and still exist.
  void stop() {
    groups_.reset();
    reconciler_.reset();
  }
  Status sweep(Time now);
  std::vector<api::ContextHealth> health() const;  // in the order of the configuration

 private:
  LiveContext(context::FactTable& facts, access::TokenService& service);
  std::vector<context::LiveJob> live_jobs() const;
  OpenProjects open_projects() const;
  void end_finished_jobs();
  void learned(std::string_view issuer, const std::vector<context::Change>& changes, bool changed);

  context::FactTable& facts_;
  access::TokenService& service_;
  context::Intake intake_;
  std::unique_ptr<context::Reconciler> reconciler_;
  std::unique_ptr<context::GroupMembers> groups_;
  struct Watched {
    std::string issuer;
    bool heard = false, asked = false;
    Gauge& silent;
  };
  std::vector<Watched> watched_;
  Duration max_age_{};
  Time swept_{};  // of the maintenance thread
};

// The secrets behind the source's references, and those of each source that has any.
Result<context::WebhookSecrets> webhook_secrets(const LiveSource& source);
Result<std::vector<api::HookSource>> hook_sources(const std::vector<LiveSource>& sources);

}  // namespace watchword::cli
