#include "issuer/key_source.h"

#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <thread>
#include <vector>

#include "base/log.h"
#include "base/published.h"
#include "http/clock_difference.h"
#include "issuer/key_fetch.h"
#include "issuer/key_schedule.h"

namespace watchword::issuer {
namespace {

// How often the thread looks at the clocks while it waits; an attempt is at most this late.
constexpr std::chrono::seconds kTick{1};

struct Snapshot {
  jose::KeySet keys;
  Moment fetched;
  Duration ahead;  // the issuer's clock
};

Error no_usable_key(std::size_t skipped) {
  return {Reason::key_set_invalid,
          "no usable key, and " + std::to_string(skipped) + " others",
          "at least one public key for signatures",
          {},
          {}};
}

}  // namespace

Error cannot_tell(std::string_view issuer_name, const Error& trouble) {
  const bool published = trouble.reason == Reason::key_set_invalid;
  return {published ? Reason::key_set_invalid : Reason::issuer_unavailable,
          std::string(issuer_name) + ": the last attempt to get its keys failed: " + to_string(trouble),
          "the issuer's present keys", trouble.where, std::string(fix_of(trouble))};
}

namespace {

class BackgroundKeySource final : public KeySource {
 public:
  BackgroundKeySource(KeySourceConfig config, http::Fetcher& fetcher, const Clock& clock, Metrics& metrics)
      : config_(std::move(config)),
        fetcher_(fetcher),
        clock_(clock),
        metrics_(metrics),
        keys_(metrics.gauge("watchword_issuer_keys", "Keys in hand", {{"issuer", config_.issuer_name}})),
        schedule_(config_.refresh, config_.refetch_interval) {
    if (is_local()) fetch();
    wanted_ = !is_local();  // the first fetch: whoever asks before it ends waits for it
    if (!is_static()) thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
  }

  ~BackgroundKeySource() override {
    if (thread_.joinable()) {
      thread_.request_stop();
      thread_.join();
    }
    release_waiters();
  }

  Result<std::shared_ptr<const jose::KeySet>> current() const override {
    std::shared_ptr<const Snapshot> snapshot = snapshot_.get();
    if (!snapshot || snapshot->keys.keys().empty()) return none_in_hand();
    if (!is_static() && elapsed(snapshot->fetched, now()) > config_.keep_during_outage)
      return fail(Reason::issuer_unavailable,
                  config_.issuer_name + ": the last good keys are of " + to_rfc3339(snapshot->fetched.clock),
                  "keys not older than " + to_string(config_.keep_during_outage), config_.issuer_url);
    const jose::KeySet* keys = &snapshot->keys;
    return std::shared_ptr<const jose::KeySet>(std::move(snapshot), keys);
  }

  void refetch(std::move_only_function<void()> done) override {
    {
      const std::lock_guard lock(mutex_);
      const bool begins = !is_static() && !wanted_ && !fetching_ && schedule_.refetch_due(now());
      if (begins) {
        schedule_.refetch_begins(now());
        wanted_ = true;
        wake_.notify_one();
      }
      if (wanted_ || fetching_) {
        waiting_.push_back(std::move(done));
        return;
      }
    }
    done();
  }

  Duration clock_ahead() const override {
    const std::shared_ptr<const Snapshot> snapshot = snapshot_.get();
    return snapshot ? snapshot->ahead : Duration::zero();
  }

  std::optional<Error> trouble() const override {
    const std::lock_guard lock(mutex_);
    return trouble_;
  }

 private:
  bool is_static() const { return !config_.jwks_inline.empty(); }
  bool is_local() const { return is_static() || !config_.jwks_file.empty(); }
  Moment now() const { return {clock_.now(), std::chrono::steady_clock::now()}; }

  std::unexpected<Error> none_in_hand() const {
    if (const std::optional<Error> cause = trouble()) return std::unexpected(cannot_tell(config_.issuer_name, *cause));
    return fail(Reason::issuer_unavailable, config_.issuer_name + ": its keys have not been fetched yet",
                "keys in hand", config_.issuer_url);
  }

  void run(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (!stop.stop_requested()) {
      if (!wanted_ && !schedule_.due(now())) {
        wake_.wait_for(lock, stop, kTick, [this] { return wanted_; });
        continue;
      }
      wanted_ = false;
      fetching_ = true;
      lock.unlock();
      fetch();
      release_waiters();
      lock.lock();
    }
  }

  // Keys first, then the end of the fetch: who waits for it finds the keys.
  void fetch() {
    const Time asked = clock_.now();
    Result<FetchedKeys> fetched = fetch_keys(config_, fetcher_);
    const Moment at = now();
    std::optional<Error> trouble;
    if (!fetched)
      trouble = fetched.error();
    else if (fetched->keys.keys().empty())
      trouble = no_usable_key(fetched->keys.skipped());
    report(trouble);
    if (fetched) {
      keys_.set(static_cast<std::int64_t>(fetched->keys.keys().size()));
      const Duration ahead = fetched->date ? http::clock_difference(*fetched->date, asked, at.clock) : Duration::zero();
      snapshot_.set(std::make_shared<const Snapshot>(std::move(fetched->keys), at, ahead));
    }
    const std::lock_guard lock(mutex_);
    trouble ? schedule_.failed(at) : schedule_.succeeded(at, fetched->max_age);
    trouble_ = std::move(trouble);
  }

  void report(const std::optional<Error>& trouble) {
    const std::string result(trouble ? name(trouble->reason) : "ok");
    metrics_
        .counter("watchword_issuer_key_fetches", "Attempts to fetch an issuer's keys, by result",
                 {{"issuer", config_.issuer_name}, {"result", result}})
        .add();
    if (trouble) log::warn("the keys of issuer " + config_.issuer_name + " could not be fetched", *trouble);
  }

  void release_waiters() {
    std::vector<std::move_only_function<void()>> waiting;
    {
      const std::lock_guard lock(mutex_);
      fetching_ = false;
      waiting.swap(waiting_);
    }
    for (auto& done : waiting) done();
  }

  const KeySourceConfig config_;
  http::Fetcher& fetcher_;
  const Clock& clock_;
  Metrics& metrics_;
  Gauge& keys_;
  Published<Snapshot> snapshot_;

  mutable std::mutex mutex_;  // for all that follows
  std::condition_variable_any wake_;
  KeySchedule schedule_;
  std::optional<Error> trouble_;
  bool wanted_ = false;    // an attempt is asked for
  bool fetching_ = false;  // an attempt is under way
  std::vector<std::move_only_function<void()>> waiting_;
  std::jthread thread_;
};

}  // namespace

std::unique_ptr<KeySource> KeySource::make(KeySourceConfig config, http::Fetcher& fetcher, const Clock& clock,
                                           Metrics& metrics) {
  return std::make_unique<BackgroundKeySource>(std::move(config), fetcher, clock, metrics);
}

}  // namespace watchword::issuer
