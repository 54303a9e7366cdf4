#include "audit/publisher.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include "audit/checkpoint.h"
#include "audit/log_directory.h"
#include "audit/tile_tree.h"
#include "base/file.h"
#include "base/log.h"

namespace watchword::audit {
namespace {

constexpr std::size_t kBatch = 16 * kTileWidth;         // entries read from the store at a time
constexpr std::chrono::milliseconds kRetryAfter{1000};  // after a failure, such as a full disk

// The tree as published, and the unfinished entry bundle.
struct State {
  TileTree tree;
  std::string bundle;
};

Status disagree(std::string found, std::string expected, std::string where) {
  auto error = fail(Reason::log_inconsistent, std::move(found), std::move(expected), std::move(where));
  error.error().fix =
      "this directory was published from another store: bring back the store that belongs to it, or give the log "
      "another directory";
  return error;
}

// ---- At start: what the directory holds, checked against the store
// ---------------------------------------------------

// The store's newest entries against the files that hold them. Older ones are covered by the tree's root.
Status compare_tail(store::Store& store, const LogReader& files, State& state) {
  const std::uint64_t size = state.tree.size();
  const unsigned width = partial_width(0, size);
  const std::uint64_t edge = size - width, from = edge - std::min(edge, kTileWidth);
  WW_TRY(const std::vector<std::string> entries, store.log_entries(from, size - from));
  if (entries.size() != size - from) return fail(Reason::log_incomplete, "fewer entries than the store counts");
  for (std::uint64_t index = from; index < size; index += kTileWidth) {
    const std::uint64_t end = std::min(index + kTileWidth, size);
    WW_TRY(const auto file, files.bundle(index / kTileWidth, static_cast<unsigned>(end - index)));
    std::string expected;
    for (std::uint64_t i = index; i < end; ++i) append_to_bundle(expected, entries[i - from]);
    if (file.exact ? file.bytes != expected : !file.bytes.starts_with(expected))
      return disagree("other entries than the store's", {}, file.path);
    if (index == edge) state.bundle = std::move(expected);
  }
  for (unsigned i = 0; i < width; ++i)
    if (leaf_hash(entries[edge - from + i]) != state.tree.partial(0)[i])
      return disagree("another entry than the store's", {}, "entry " + std::to_string(edge + i));
  return {};
}

Result<State> load(store::Store& store, const LogReader& files, const CheckpointVerifier& key) {
  State state;
  if (!files.has_checkpoint()) return state;
  WW_TRY(const std::string note, files.checkpoint());
  WW_TRY(const Checkpoint checkpoint, key.open(note));
  WW_TRY(const std::uint64_t stored, store.log_size());
  if (checkpoint.size > stored)
    WW_CHECK(disagree(std::to_string(checkpoint.size) + " published entries",
                      "at most the store's " + std::to_string(stored), std::string(kCheckpointFile)));
  WW_TRY(state.tree, TileTree::load(checkpoint.size, [&](unsigned level, std::uint64_t index, unsigned width) {
           return files.tile(level, index, width);
         }));
  if (state.tree.root() != checkpoint.root)
    return fail(Reason::log_tile_corrupt, "tiles of root " + to_hex(state.tree.root()), to_hex(checkpoint.root),
                "the tiles at the edge of the log");
  WW_CHECK(compare_tail(store, files, state));
  return state;
}

// ---- The thread
// -------------------------------------------------------------------------------------------------------

class DirectoryPublisher final : public Publisher {
 public:
  DirectoryPublisher(store::Store& store, crypto::PrivateKey key, PublisherOptions options, State state)
      : store_(store),
        key_(std::move(key)),
        options_(std::move(options)),
        files_(options_.directory),
        state_(std::move(state)),
        published_(state_.tree.size()),
        failures_(metrics().counter("watchword_log_publish_failures", "Attempts to publish the audit log that failed")),
        size_(metrics().gauge("watchword_log_published_entries", "Entries covered by the published checkpoint")) {
    store_.on_grown([this](std::uint64_t) { wake(grown_); });
    thread_ = std::thread([this] { run(); });
  }

  ~DirectoryPublisher() override {
    store_.on_grown({});
    wake(stopping_);
    thread_.join();
  }

  Status publish_now() override {
    std::unique_lock lock(mutex_);
    const std::uint64_t mine = ++requested_;
    wake_.notify_all();
    done_.wait(lock, [&] { return finished_ >= mine; });
    return last_;
  }

  std::uint64_t published_size() const override { return published_.load(std::memory_order_acquire); }

 private:
  Metrics& metrics() { return options_.metrics != nullptr ? *options_.metrics : own_metrics_; }

  void wake(bool& flag) {
    const std::lock_guard lock(mutex_);
    flag = true;
    wake_.notify_all();
  }

  void run() {
    std::unique_lock lock(mutex_);
    const auto urgent = [this] { return stopping_ || requested_ > finished_; };
    for (bool stop = false; !stop;) {
      wake_.wait(lock, [&] { return grown_ || urgent(); });
      // What comes within the interval shares a checkpoint.
      wake_.wait_for(lock, last_ ? options_.interval : std::max(options_.interval, kRetryAfter), urgent);
      stop = stopping_;
      grown_ = false;
      const std::uint64_t answered = requested_;
      lock.unlock();
      Status status = publish();
      lock.lock();
      report(status);
      if (!status) grown_ = true;
      finished_ = answered;
      last_ = std::move(status);
      done_.notify_all();
    }
  }

  void report(const Status& status) {
    if (!status) failures_.add();
    if (!status && last_) log::error("the audit log cannot be published; it is tried again", status.error());
    if (status && !last_) log::info("the audit log is published again");
    size_.set(static_cast<std::int64_t>(published_size()));
  }

  // state_ changes only when all of it is published: what fails in between is done again from there.
  Status publish() {
    WW_TRY(const std::uint64_t target, store_.log_size());
    if (target == published_size() && has_checkpoint_) return {};
    State next = state_;
    while (next.tree.size() < target) WW_CHECK(grow(next, target));
    WW_CHECK(write_partials(next));
    WW_CHECK(files_.sync());
    WW_TRY(const std::string note, sign_checkpoint({options_.origin, target, next.tree.root()}, key_));
    WW_CHECK(write_file_atomically(options_.directory + "/" + std::string(kCheckpointFile), note));
    remove_old_partials(target);
    has_checkpoint_ = true;
    state_ = std::move(next);
    published_.store(target, std::memory_order_release);
    return {};
  }

  Status grow(State& next, std::uint64_t target) {
    const std::uint64_t from = next.tree.size();
    WW_TRY(const auto entries, store_.log_entries(from, std::min<std::uint64_t>(kBatch, target - from)));
    if (entries.empty()) return fail(Reason::log_incomplete, "no such entry", {}, "entry " + std::to_string(from));
    const auto full = [&](unsigned level, std::uint64_t index, const std::vector<Hash>& hashes) -> Status {
      if (level == 0) WW_CHECK(files_.write(bundle_path(index), std::exchange(next.bundle, {})));
      return files_.write(tile_path(level, index), encode_tile(hashes));
    };
    for (const std::string& entry : entries) {
      append_to_bundle(next.bundle, entry);
      WW_CHECK(next.tree.append(leaf_hash(entry), full));
    }
    return {};
  }

  Status write_partials(const State& next) {
    const std::uint64_t old_size = published_size(), size = next.tree.size();
    for (unsigned level = 0; level < kTileLevels; ++level) {
      const unsigned width = partial_width(level, size);
      if (width == 0 || old_size >> 8 * level == size >> 8 * level) continue;
      const std::uint64_t index = size >> 8 * level >> 8;
      if (level == 0) WW_CHECK(files_.write(bundle_path(index, width), next.bundle));
      WW_CHECK(files_.write(tile_path(level, index, width), encode_tile(next.tree.partial(level))));
    }
    return {};
  }

  // tlog-tiles: a partial tile may go once the full one is there.
  void remove_old_partials(std::uint64_t size) {
    const std::uint64_t old_size = published_size();
    for (unsigned level = 0; level < kTileLevels; ++level) {
      const std::uint64_t index = old_size >> 8 * level >> 8;
      if (partial_width(level, old_size) == 0 || index == size >> 8 * level >> 8) continue;
      files_.remove_partials(tile_path(level, index));
      if (level == 0) files_.remove_partials(bundle_path(index));
    }
  }

  store::Store& store_;
  const crypto::PrivateKey key_;
  const PublisherOptions options_;
  Metrics own_metrics_;
  LogWriter files_;
  State state_;
  std::atomic<std::uint64_t> published_;
  bool has_checkpoint_ = false;  // written by this publisher
  Counter& failures_;
  Gauge& size_;

  std::mutex mutex_;  // guards what follows
  std::condition_variable wake_, done_;
  bool grown_ = true;  // there may be entries from before the start
  bool stopping_ = false;
  std::uint64_t requested_ = 0, finished_ = 0;  // calls of publish_now
  Status last_;

  std::thread thread_;
};

}  // namespace

Result<std::unique_ptr<Publisher>> Publisher::start(store::Store& store, crypto::PrivateKey key,
                                                    PublisherOptions options) {
  WW_CHECK(sign_checkpoint({options.origin, 0, empty_root()}, key));  // the key and the origin are fit for it
  WW_CHECK(make_directories(options.directory));
  const std::string key_text = verifier_key(options.origin, key.public_key());
  WW_TRY(const CheckpointVerifier verifier, CheckpointVerifier::from_verifier_key(key_text));
  WW_TRY(State state, load(store, LogReader(options.directory), verifier));
  WW_CHECK(write_file_atomically(options.directory + "/" + std::string(kVerifierKeyFile), key_text + "\n"));
  return std::make_unique<DirectoryPublisher>(store, std::move(key), std::move(options), std::move(state));
}

}  // namespace watchword::audit
