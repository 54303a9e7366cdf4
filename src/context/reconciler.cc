#include "context/reconciler.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <stop_token>
#include <thread>
#include <unordered_set>

#include "base/log.h"
#include "context/single_flight.h"

namespace watchword::context {
namespace {

net::Task<void> give_up(std::shared_ptr<Waiter> waiter, std::chrono::milliseconds wait) {
  co_await net::Loop::current()->sleep(wait);
  waiter->finish(false);
}

class ThreadedReconciler final : public Reconciler {
 public:
  ThreadedReconciler(std::vector<Source> sources, Intake& intake, Live live, JobTokens& tokens, OnOver on_over,
                     ReconcilerOptions options, const Clock& clock, Metrics& metrics)
      : intake_(intake),
        live_(std::move(live)),
        tokens_(tokens),
        on_over_(std::move(on_over)),
        options_(options),
        step_(std::max<Duration>(options.interval / 16, std::chrono::milliseconds(1))),
        clock_(clock),
        metrics_(metrics),
        sources_(std::move(sources)),
        in_flight_(options.answer_holds) {
    for (const Source& source : sources_) health_.push_back({source.issuer, std::nullopt, std::nullopt});
    const unsigned workers = std::max(options_.workers, 1U);
    for (unsigned i = 0; i < workers; ++i)
      threads_.emplace_back([this, i, workers](const std::stop_token& stop) { work(stop, i == 0 && workers > 1); });
    if (options_.own_ticks) threads_.emplace_back([this](const std::stop_token& stop) { tick_on(stop); });
  }

  ~ThreadedReconciler() override {
    for (auto& thread : threads_) thread.request_stop();
    threads_.clear();
    in_flight_.land_all();
  }

  net::Task<bool> ask(FactQuestion question) override {
    const GitlabApi* api = source_of(question.issuer);
    if (!api || !api->has_token()) co_return false;
    const std::string key = question.key();
    auto waiter = std::make_shared<Waiter>();
    const auto joined = in_flight_.join(key, waiter, clock_.now());
    if (joined.held) co_return *joined.held;
    if (joined.begins) {
      const std::lock_guard lock(mutex_);
      questions_.push_back(std::move(question));
      wake_.notify_all();
    }
    net::spawn(give_up(waiter, options_.wait));
    co_return co_await waiter->answer();
  }

  void look_now() override {
    const std::lock_guard lock(mutex_);
    last_tick_.reset();
    tick_now_ = true;
    wake_.notify_all();
  }

  void tick(Time now) override {
    std::optional<Time> last;
    {
      const std::lock_guard lock(mutex_);
      last = std::exchange(last_tick_, now);
      tick_now_ = false;
    }
    in_flight_.forget(now);
    // The last look began at most two steps and the time of a request earlier than it was due.
    auto looks = due_looks(live_(), std::max(options_.interval - 2 * step_, step_), last, now);
    const std::lock_guard lock(mutex_);
    for (auto& look : looks)
      if (source_of(look.issuer) && queued_.insert(look.key()).second) looks_.push_back(std::move(look));
    wake_.notify_all();
  }

  std::vector<Health> health() const override {
    const std::lock_guard lock(mutex_);
    return health_;
  }

 private:
  using Answer = Result<std::vector<Change>>;

  GitlabApi* source_of(std::string_view issuer) const {
    const auto found = std::ranges::find(sources_, issuer, &Source::issuer);
    return found == sources_.end() ? nullptr : found->api.get();
  }

  void tick_on(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      tick(clock_.now());
      std::unique_lock lock(mutex_);
      wake_.wait_for(lock, stop, step_, [this] { return tick_now_; });
    }
  }

  void work(const std::stop_token& stop, bool questions_only) {
    std::unique_lock lock(mutex_);
    const auto something = [&] { return !questions_.empty() || (!questions_only && !looks_.empty()); };
    while (wake_.wait(lock, stop, something) && !stop.stop_requested()) {
      if (!questions_.empty()) {
        const FactQuestion question = std::move(questions_.front());
        questions_.pop_front();
        lock.unlock();
        const bool taken = take(question.issuer, source_of(question.issuer)->ask(question, clock_.now()));
        in_flight_.land(question.key(), taken, clock_.now());
        lock.lock();
      } else {
        Look look = std::move(looks_.front());
        looks_.pop_front();
        queued_.erase(look.key());
        lock.unlock();
        std::erase_if(look.jobs, [&](const std::string& job) { return ask_with_own_token(look, job); });
        if (!look.jobs.empty() && source_of(look.issuer)->has_token()) look_at(look);
        lock.lock();
      }
    }
  }

  void look_at(const Look& look) {
    GitlabApi& api = *source_of(look.issuer);
    std::vector<Change> changes;
    std::optional<Error> trouble;  // with one job is none with the others
    std::unordered_set<std::string> seen;
    if (look.jobs.size() > 1) {
      auto pipeline = api.pipeline(look.project_id, look.pipeline, clock_.now());
      if (!pipeline) return report(look.issuer, std::move(pipeline).error());
      changes = *std::move(pipeline);
      for (const Change& change : changes)
        if (const auto* job = std::get_if<JobChange>(&change.what)) seen.insert(job->job);
    }
    for (const std::string& job : look.jobs) {
      if (seen.contains(job)) continue;
      const FactQuestion question{.issuer = look.issuer,
                                  .project_id = look.project_id,
                                  .job = job,
                                  .pipeline = look.pipeline,
                                  .ref = {},
                                  .sha = {},
                                  .name = "job_running",
                                  .arguments = Json::object()};
      auto more = api.ask(question, clock_.now());
      if (more)
        std::ranges::move(*more, std::back_inserter(changes));
      else
        trouble = std::move(more).error();
    }
    report(look.issuer, std::move(trouble));
    keep(look.issuer, changes);
  }

  // True when that says all there is to say of the job.
  bool ask_with_own_token(const Look& look, const std::string& job) {
    const auto token = tokens_.find(look.issuer, job);
    if (!token) return false;
    auto own = source_of(look.issuer)->own_job(*token, clock_.now());
    report(look.issuer, own ? std::nullopt : std::optional(own.error()));
    if (!own) return false;
    if (!*own) {
      if (!tokens_.refused(look.issuer, job, clock_.now())) return false;
      tokens_.drop(look.issuer, job);
      on_over_({look.issuer, look.project_id, look.pipeline, job});
      return true;
    }
    if ((*own)->job != job || (*own)->project_id != look.project_id) {
      tokens_.drop(look.issuer, job);
      metrics_
          .counter("watchword_job_tokens_refused", "Tokens that a job has offered and that are another job's",
                   {{"issuer", look.issuer}})
          .add();
      return false;
    }
    tokens_.taken(look.issuer, job);
    keep(look.issuer, (*own)->changes);
    return true;
  }

  // True when something was learned.
  bool take(const std::string& issuer, const Answer& answer) {
    report(issuer, answer ? std::nullopt : std::optional(answer.error()));
    return answer && keep(issuer, *answer);
  }

  bool keep(const std::string& issuer, const std::vector<Change>& changes) {
    if (changes.empty()) return false;
    const Status taken = intake_.take_answers(issuer, changes);
    if (!taken) log::error("an answer of the CI system could not be kept", taken.error());
    return taken.has_value();
  }

  void report(const std::string& issuer, std::optional<Error> trouble) {
    metrics_
        .counter("watchword_ci_answers", "Questions to CI systems, by result",
                 {{"issuer", issuer}, {"result", std::string(trouble ? name(trouble->reason) : "ok")}})
        .add();
    const std::lock_guard lock(mutex_);
    Health& health = *std::ranges::find(health_, issuer, &Health::issuer);
    if (trouble && !health.trouble) log::warn("the CI system of issuer " + issuer + " could not be asked", *trouble);
    if (!trouble) health.last_answer = clock_.now();
    health.trouble = std::move(trouble);
  }

  Intake& intake_;
  const Live live_;
  JobTokens& tokens_;
  const OnOver on_over_;
  const ReconcilerOptions options_;
  const Duration step_;
  const Clock& clock_;
  Metrics& metrics_;
  const std::vector<Source> sources_;
  SingleFlight in_flight_;

  mutable std::mutex mutex_;  // of all that follows
  std::condition_variable_any wake_;
  std::deque<FactQuestion> questions_;
  std::deque<Look> looks_;
  std::unordered_set<std::string> queued_;  // keys of looks_: what is late is not queued again
  std::vector<Health> health_;
  std::optional<Time> last_tick_;
  bool tick_now_ = false;
  std::vector<std::jthread> threads_;
};

}  // namespace

std::unique_ptr<Reconciler> Reconciler::start(std::vector<Source> sources, Intake& intake, Live live, JobTokens& tokens,
                                              OnOver on_over, ReconcilerOptions options, const Clock& clock,
                                              Metrics& metrics) {
  return std::make_unique<ThreadedReconciler>(std::move(sources), intake, std::move(live), tokens, std::move(on_over),
                                              options, clock, metrics);
}

}  // namespace watchword::context
