// Sessions in memory: one per job, found by id or by job in constant time, in front of the store.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

#include "access/allowance.h"
#include "access/session_index.h"
#include "base/clock.h"
#include "base/published.h"
#include "base/result.h"
#include "issuer/principal.h"
#include "policy/policy.h"
#include "store/store.h"

namespace watchword::access {

enum class SessionEnd : std::uint8_t { expired, job_ended, revoked, replaced, policy_changed };
std::string_view name(SessionEnd end);  // as in the store and the record

// One job's access. Its identity never changes; it ends once. Any thread.
class Session {
 public:
  struct Opening {
    std::string id;  // ULID
    issuer::Principal principal;
    policy::SessionLimits limits;
    std::string bound_key;  // RFC 7638 thumbprint of the DPoP key, or empty
    Time opened, expires;   // expires: the bound that no later exchange extends
  };
  explicit Session(Opening opening);

  const std::string& id() const { return id_; }
  const issuer::Principal& principal() const { return principal_; }
  // What two exchanges must share to be of one session (job_of in access/session_document.h).
  const std::string& job() const { return job_.empty() ? principal_.machine()->job : job_; }
  const std::string& who() const { return who_; }  // canonical JSON for records
  const policy::SessionLimits& limits() const { return limits_; }
  // A place for one more request, stream or tunnel, by the session's limits; ask before it is let through. The session
  // outlives it. limit_reached. Costs nothing where there are no limits.
  Result<Allowance::Lease> lease(Time now) const { return allowance_ ? allowance_->begin(now) : Allowance::Lease(); }
  // After limit_reached: when to try again. nullopt: there is no use.
  std::optional<std::chrono::seconds> retry_after(Time now) const {
    return allowance_ ? allowance_->retry_after(now) : std::nullopt;
  }
  const std::string& bound_key() const { return bound_key_; }
  Time opened() const { return opened_; }
  Time expires() const { return expires_; }

  // When nothing can ask about the session any more: its identity token is over for every clock.
  // One that somebody ended stays longer, as some issuers mint a running job new tokens whenever it asks.
  Time forget_at() const {
    auto end = ended();
    bool by_itself = !end || *end == SessionEnd::expired;
    return std::max(expires_, principal_.expires) + (by_itself ? kForgetAfter : kForgetEndedAfter);
  }

  // Roles under the policy in force, computed once per policy and kept.
  std::shared_ptr<const policy::Roles> roles(const std::shared_ptr<const policy::Policy>& policy) const;

  std::optional<SessionEnd> ended() const;
  bool end(SessionEnd why, Time now);  // false when it had ended before
  // The end is on record. While it is not, the maintenance thread tries again.
  bool end_recorded() const { return end_recorded_.load(std::memory_order_acquire); }
  void set_end_recorded() { end_recorded_.store(true, std::memory_order_release); }
  Time ended_at() const { return Time(Duration(end_.load(std::memory_order_acquire) >> kReasonBits)); }
  bool durable() const { return durable_.load(std::memory_order_acquire); }  // the store knows it
  void set_durable() { durable_.store(true, std::memory_order_release); }

  store::SessionRow to_row() const;
  static Result<std::shared_ptr<Session>> from_row(const store::SessionRow& row);

 private:
  // Beyond the largest skew with which an issuer's token may still be accepted.
  static constexpr Duration kForgetAfter = std::chrono::minutes(10);
  static constexpr Duration kForgetEndedAfter = std::chrono::hours(24);
  friend class SessionTable;
  // What every decision looks at comes first, and so close together.
  mutable Published<policy::Roles> roles_;
  Time expires_;
  // When and why at once, lest somebody sees the one without the other: microseconds << kReasonBits | SessionEnd + 1.
  std::atomic<std::int64_t> end_{0};  // 0: open
  static constexpr int kReasonBits = 3;
  std::atomic<bool> end_recorded_{false};
  std::atomic<bool> durable_{false};
  std::atomic<std::uint32_t> openings_{0};  // exchanges under way that may make it durable
  std::unique_ptr<Allowance> allowance_;    // null: no limits
  std::string id_;
  issuer::Principal principal_;
  std::string job_;  // empty where it is the machine's
  std::string who_;
  policy::SessionLimits limits_;
  std::string bound_key_;
  Time opened_;
};

// Sharded by hash. Ended sessions stay until their identity token has expired, so that its job cannot open another.
class SessionTable {
 public:
  std::shared_ptr<Session> find(std::string_view id) const;
  std::shared_ptr<Session> find_job(std::string_view issuer, std::string_view job) const;

  // Kept by an exchange from the moment it has its session until that is durable or the exchange has failed. When the
  // last one goes and the session is neither durable nor ended, the table forgets it: it never was.
  class Lease {
   public:
    Lease(SessionTable& table, std::shared_ptr<Session> session, bool fresh)
        : table_(&table), session_(std::move(session)), fresh_(fresh) {}
    Lease(Lease&& other) noexcept = default;
    Lease& operator=(Lease&&) = delete;
    ~Lease() {
      if (session_) table_->settle(*session_);
    }
    const std::shared_ptr<Session>& session() const { return session_; }
    bool fresh() const { return fresh_; }  // made by this exchange

   private:
    SessionTable* table_;
    std::shared_ptr<Session> session_;
    bool fresh_;
  };
  // The session of this job: the one that is there, or `fresh` made now. Atomic, so that a job has one session.
  Lease find_or_insert(std::string_view issuer, std::string_view job,
                       const std::function<std::shared_ptr<Session>()>& fresh);
  void insert(std::shared_ptr<Session> session);  // at start, from the store
  void remove(const Session& session);
  // Forgets ended sessions whose identity token is surely over; returns those whose end must be recorded: they reached
  // their bound, or an earlier attempt to record their end failed.
  std::vector<std::shared_ptr<Session>> sweep(Time now);
  void each(const std::function<void(const std::shared_ptr<Session>&)>& visit) const;
  std::size_t size() const;

 private:
  static constexpr Duration kRecordAgainAfter = std::chrono::seconds(10);
  static constexpr std::size_t kShards = 64;
  struct Shard {
    mutable std::shared_mutex mutex;
    SessionIndex sessions;
  };
  void settle(Session& session);
  void erase(Shard& jobs, std::size_t hash, const Session& session);  // the caller holds the shard's lock
  static std::size_t hash_of(std::string_view id) { return std::hash<std::string_view>{}(id); }
  static std::size_t hash_of(std::string_view issuer, std::string_view job);
  static std::size_t hash_of_job(const Session& session) { return hash_of(session.principal().issuer, session.job()); }
  std::array<Shard, kShards> by_id_, by_job_;  // each at the hash modulo kShards
};

}  // namespace watchword::access
