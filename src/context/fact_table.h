// The facts as they are known now, by issuer and project: in memory, in front of the store. Facts never go backwards:
// a change that is older than what is known, or that contradicts what is final, is dropped.
#pragma once

#include <array>
#include <atomic>
#include <optional>
#include <shared_mutex>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "context/event.h"
#include "context/fact_changes.h"
#include "context/fact_freezes.h"
#include "context/fact_project.h"
#include "context/facts.h"
#include "store/store.h"

namespace watchword::context {

// How long facts count and are kept. Merged and reverted commits, merged merge requests and finished jobs are final and
// do not age.
struct FactLimits {
  Duration max_age = std::chrono::minutes(10);  // not confirmed for so long: no longer known, where it can change
  Duration keep = std::chrono::hours(24 * 30);  // forgotten after this, all of them
  std::size_t per_project = 10'000;             // facts; over that, by an eighth between sweeps, the oldest go
  std::size_t total = 400'000;                  // likewise, for each shard its part of them, of its largest projects
};

class FactTable final : public Facts {
 public:
  FactTable(FactLimits limits, const Clock& clock) : limits_(limits), clock_(clock) {}

  // What a change taught.
  struct Learned {
    std::vector<store::FactRow> rows;  // to put: of every fact that was confirmed too, in case an earlier row was lost
    std::vector<store::FactRow> dropped;  // to drop: there were too many
    bool changed = false;                 // some fact differs from before: decisions may differ
    std::size_t disagreeing =
        0;  // answers of the API that contradicted what an event had said: one was lost, or is late
  };
  // Effective for find() at once; durable once the caller has committed the rows, which must reach the store in the
  // order of the calls for a project. `source`: "webhook" or "api". Any thread; changes of one project are applied one
  // after the other. An answer of the API confirms what it repeats, an event only when it came about after the last
  // confirmation: one that is delivered late or again keeps nothing fresh. What has aged gives way to an answer of the
  // API whatever its time.
  Learned apply(std::string_view issuer, const std::vector<Change>& changes, std::string_view source);

  // Names and arguments:
  //   merged(into, sha)        final once true. False: an open merge request of that head into the branch, or the API.
  //   reverted(into, sha)      true: a push to the branch reverts the commit, or the merge or squash commit of the
  //   merge
  //                            request that merged it; final, even if the revert is itself reverted. False: merged, no
  //                            revert known, and within max_age the commit came with the event of the merge or the
  //                            push, or with an API's Pushed that lists it, or its merge or squash commit, and all that
  //                            followed it. Nothing else that is said of a merge counts. Unknown, too, for a commit of
  //                            more than kMaxNames names, and where a revert may have been missed (below).
  //   mr(target, sha)          sha: the asker's, where not given. Map: iid, state, draft, approved, sha, target_branch,
  //   source_branch, merge_commit_sha,
  //                            squash_commit_sha, of the newest merge request into `target` whose head is `sha`
  //   job_running()            of the asking job; false while it is pending and when it is over
  //   pipeline_status()        of the asking job's pipeline
  //   deployment(environment)  map: deployment, status, sha, ref, job
  //   protected(ref)           a branch, by name
  //   frozen(environment)      known at all times
  // Reverts are kept only of what is known to be merged into that very branch, and while they are fewer than a quarter
  // of per_project: others are written by whoever may push somewhere. Of those that are not kept the time is, by branch
  // (of an event: when it was taken in; of an answer: just before it): what was seen unreverted until then no longer
  // counts, nor does an event within max_age after it, which may be late. Answers of the API count.
  // In maps, what was not said is not there. Everything but a freeze is known only when it was heard of and has not
  // aged, or not beyond what the scope accepts; what was learned more than a minute from now, before the clock was set
  // back, has aged.
  std::optional<Fact> find(const Scope& scope, std::string_view name, const Json& arguments) const override;
  bool job_over(const Scope& scope) const override;

  store::FactRow freeze(const Freeze& freeze) { return freezes_.put(freeze, clock_.now()); }  // replaces an earlier one
  std::optional<store::FactRow> thaw(std::string_view issuer, std::string_view project,
                                     std::string_view environment) {  // a row to drop; nullopt: none there
    return freezes_.drop(issuer, project, environment);
  }
  std::vector<Freeze> freezes() const { return freezes_.in_force(clock_.now()); }

  std::optional<JobStatus> job(std::string_view issuer, std::string_view project_id, std::string_view job) const;
  void restore(const store::FactRow& row);  // at start
  // Forgets what is over or too much; returns the rows to drop. By the maintenance thread. Of those that are too many
  // the project with the most gives first, the longest unconfirmed first, then facts about reverts; jobs that finished
  // within a day go when nothing else is left in any.
  std::vector<store::FactRow> sweep(Time now);
  std::size_t size() const { return size_; }  // without freezes
  // When a project was last heard of by webhook, for doctor and metrics. After a start, as far as rows tell.
  struct Heard {
    std::string issuer, project_id;
    Time last_event;
  };
  std::vector<Heard> heard() const;

 private:
  using ProjectKey = std::pair<std::string, std::string>;  // issuer, id
  using ProjectView = std::pair<std::string_view, std::string_view>;
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(ProjectView key) const;
  };
  struct Equal {
    using is_transparent = void;
    bool operator()(ProjectView a, ProjectView b) const { return a == b; }
  };
  using Projects = std::unordered_map<ProjectKey, ProjectFacts, Hash, Equal>;
  struct Shard {
    mutable std::shared_mutex mutex;
    Projects projects;
    std::size_t size = 0;  // facts
  };
  static constexpr std::size_t kShards = 16;

  Shard& shard(std::string_view issuer, std::string_view project_id);
  const Shard& shard(std::string_view issuer, std::string_view project_id) const;
  Projects::value_type& project(Shard& shard, std::string_view issuer, std::string_view id);
  bool aged(Time learned, Time now) const { return aged(learned, now, limits_.max_age); }
  static bool aged(Time learned, Time now, Duration limit);
  static bool from_wrong_clock(Time learned, Time now);
  // All of the below with the shard locked.
  bool learn(Shard& shard, Projects::value_type& project, Statement statement, std::string_view source, Time now,
             Learned& learned);
  void put(Shard& shard, ProjectFacts& project, FactKind kind, std::string_view key, Known known);
  void drop(Shard& shard, Projects::value_type& project, FactKind kind, const std::string& key,
            std::vector<store::FactRow>& dropped);
  void drop_old(Shard& shard, Projects::value_type& project, Time now, std::vector<store::FactRow>& dropped);
  void drop_oldest(Shard& shard, std::span<Projects::value_type* const> among, std::size_t count, Time now,
                   std::vector<store::FactRow>& dropped);
  // Some over the limit are let be between sweeps, so that not every new fact means a search for the oldest.
  enum class Slack : bool { none, some };
  void bound(Shard& shard, Projects::value_type& project, Slack slack, Time now, std::vector<store::FactRow>& dropped);
  void bound(Shard& shard, Slack slack, Time now, std::vector<store::FactRow>& dropped);
  store::FactRow row_of(const ProjectKey& project, FactKind kind, std::string_view key, const Known& known) const;

  FactLimits limits_;
  const Clock& clock_;
  std::array<Shard, kShards> shards_;
  std::atomic<std::size_t> size_ = 0;
  Freezes freezes_;
};

}  // namespace watchword::context
