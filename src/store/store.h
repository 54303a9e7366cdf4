// The seam behind which state lives: sessions, signing keys, revocations and the entries of the audit log.
// One conformance suite (store_conformance_test.cc) holds what every implementation promises.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/result.h"

namespace watchword::store {

// One job's access. The columns are what people search by; `document` (JSON, access/) holds the rest.
struct SessionRow {
  std::string id;      // ULID
  std::string issuer;  // the configured issuer's name
  std::string job;     // unique within the issuer; what makes a second exchange find the first
  std::string project, pipeline, ref, environment, user;  // empty where the identity has none
  Time opened, expires;
  Time keep_until;  // until then the session must be known after a restart, ended or not (its job may come back)
  std::optional<Time> ended;
  std::string end_reason;  // empty while open: "expired", "job_ended", "revoked", "replaced", "policy_changed"
  std::string document;
  bool operator==(const SessionRow&) const = default;
};

// A sealed signing key. `state`: "next", "active", "retiring".
struct KeyRow {
  std::string kid, purpose, algorithm, state;  // purpose: "tokens" or "log"
  Time created, activates, expires;
  std::string sealed;  // PKCS 8 under crypto::SealingKey
  bool operator==(const KeyRow&) const = default;
};

struct Revocation {
  std::string jti;
  Time expires;  // of the token; forgotten afterwards
  bool operator==(const Revocation&) const = default;
};

// Something known about a project that may change while its jobs run. What kinds and keys mean is context/'s business.
struct FactRow {
  std::string issuer, project;  // configured name; the project's id, or empty for all
  std::string kind, key;        // "merged", "main/<sha>"; unique within the project
  std::string value;            // JSON
  std::string source;           // "webhook", "api", "freeze"
  Time at, learned;             // since when it is so; when it was last confirmed
  Time keep_until;
  bool operator==(const FactRow&) const = default;
};

// An event that was accepted, so that it is not taken twice.
struct Delivery {
  std::string id;
  Time keep_until;
  bool operator==(const Delivery&) const = default;
};

struct PutSession {
  SessionRow row;
};  // by id; a second open session of the same issuer and job is an error
struct PutKey {
  KeyRow row;
};
struct DropKey {
  std::string kid;
};
struct Revoke {
  Revocation revocation;
};
struct SetMeta {
  std::string name, value;
};
struct PutFact {
  FactRow row;
};  // takes the place of the one with the same issuer, project, kind and key
struct DropFact {
  std::string issuer, project, kind, key;
  Time not_after = Time::max();  // a row that was learned after this stays: it took the place of the one that is meant
};
struct PutDelivery {
  Delivery delivery;
  Time now;  // those with keep_until before this go
};  // once more is no error
using Change = std::variant<PutSession, PutKey, DropKey, Revoke, SetMeta, PutFact, DropFact, PutDelivery>;

// What becomes durable together or not at all: state, and the log entries that describe it.
struct Batch {
  std::vector<Change> changes;
  std::vector<std::string> entries;  // canonical JSON, at most 65535 bytes each (tlog-tiles)
  bool can_wait = false;             // nobody waits for it: it may wait a few milliseconds for company
};

// Open sessions that match all given fields. Newest first.
struct SessionQuery {
  std::string issuer{}, project{}, pipeline{}, job{}, user{}, environment{};  // empty: any
  bool include_ended = false;
  std::string before{};  // ULID: only older sessions, for paging
  std::size_t limit = 100;
};

class Store {
 public:
  using Done = std::move_only_function<void(Result<std::uint64_t>)>;  // index of the batch's first log entry
  virtual ~Store() = default;

  // Any thread. Batches of many callers share one transaction and one fsync; entries get consecutive indexes in the
  // order of the calls (a batch without entries is told where the next one would be). `done` is called once, on the
  // writer's thread, when the batch is durable, or when nothing of it was kept: with store_unavailable, or with
  // internal when the batch itself cannot be (a second open session of a job). One failing batch does not fail its
  // neighbours. On the calling thread, at once: backlog_full when too much waits, shutting_down, internal for an entry
  // that is too long.
  virtual void commit(Batch batch, Done done) = 0;
  // Commits and waits; not from a loop, nor from a Done.
  Result<std::uint64_t> commit_and_wait(Batch batch);

  // Reads never wait for the writer. Any thread.
  virtual Result<std::vector<SessionRow>> sessions(const SessionQuery& query) = 0;
  virtual Result<std::optional<SessionRow>> session(std::string_view id) = 0;
  // Calls `each` for every session with keep_until > now, or without an end, oldest first: how memory is rebuilt at
  // start.
  virtual Status each_session_in_memory(Time now, const std::function<void(SessionRow)>& each) = 0;
  virtual Result<std::vector<KeyRow>> keys() = 0;
  virtual Result<std::vector<Revocation>> revocations(Time now) = 0;
  virtual Status each_fact(Time now, const std::function<void(FactRow)>& each) = 0;  // those with keep_until > now
  virtual Result<std::vector<Delivery>> deliveries(Time now) = 0;                    // likewise
  virtual Result<std::optional<std::string>> meta(std::string_view name) = 0;
  virtual Result<std::uint64_t> log_size() = 0;
  virtual Result<std::vector<std::string>> log_entries(std::uint64_t from, std::size_t at_most) = 0;

  virtual std::size_t backlog() const = 0;           // entries that wait to become durable
  virtual std::optional<Error> trouble() const = 0;  // why the last transaction failed; none after a success
  // Called (on the writer's thread) after each transaction with the log's new size. Set once, before the first commit.
  virtual void on_grown(std::function<void(std::uint64_t log_size)> callback) = 0;
};

struct StoreOptions {
  std::string url;                    // sqlite:///absolute/path or sqlite::memory:
  std::size_t max_backlog = 100'000;  // entries
  std::size_t max_backlog_bytes = 256u << 20;
  Metrics* metrics = nullptr;
};
Result<std::unique_ptr<Store>> open_store(const StoreOptions& options);

}  // namespace watchword::store
