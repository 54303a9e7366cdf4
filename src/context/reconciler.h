// Webhooks get lost, so facts are also asked for: when a decision lacks one, for every live job from time to time, and
// for all of them after a start.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/result.h"
#include "context/gitlab_api.h"
#include "context/intake.h"
#include "context/job_tokens.h"
#include "context/look_plan.h"
#include "net/task.h"

namespace watchword::context {

struct ReconcilerOptions {
  Duration interval = std::chrono::seconds(30);              // within this a live job is looked at again
  std::chrono::milliseconds wait = std::chrono::seconds(2);  // a decision waits at most so long for a fact
  Duration answer_holds = std::chrono::seconds(5);           // the same question is not asked again within this
  unsigned workers = 2;   // of several, one is kept for questions, so that slow looks delay no decision
  bool own_ticks = true;  // false: whoever made it calls tick()
};

class Reconciler {
 public:
  using Live = std::function<std::vector<LiveJob>()>;  // called by whoever ticks
  // A job's token is no longer valid: the job is over, and nobody said how it ended. On a worker; must not block.
  using OnOver = std::function<void(const LiveJob&)>;
  // One source per issuer that can be asked: with its API token, or, where that is empty, with the tokens of jobs only.
  // All references outlive the reconciler.
  struct Source {
    std::string issuer;
    std::unique_ptr<GitlabApi> api;
  };
  // A job that has offered a token is looked at with that, by itself; where that tells nothing, like any other.
  static std::unique_ptr<Reconciler> start(std::vector<Source> sources, Intake& intake, Live live, JobTokens& tokens,
                                           OnOver on_over, ReconcilerOptions options, const Clock& clock,
                                           Metrics& metrics);
  // Stops the workers, after the requests in flight; whoever waits gets false, so the loops must still be there.
  virtual ~Reconciler() = default;

  // True when an answer was taken in since the call, or within `answer_holds` before it: deciding again is worth it.
  // One request for all who ask the same (single flight); answers and failures hold for `answer_holds`; at most `wait`.
  // False at once when the issuer has no API token. On a loop.
  virtual net::Task<bool> ask(FactQuestion question) = 0;
  // Looks at all live jobs at the next tick, which comes at once: when a gap was noticed. After a start the first tick
  // does so anyway. Any thread.
  virtual void look_now() = 0;
  // Begins the looks that are due. Every sixteenth of the interval, by a thread of its own or the owner.
  virtual void tick(Time now) = 0;

  struct Health {
    std::string issuer;
    std::optional<Time> last_answer;
    std::optional<Error> trouble;  // why the last question failed; none after a success
  };
  virtual std::vector<Health> health() const = 0;
};

}  // namespace watchword::context
