// The token service: exchange (RFC 8693), introspection (RFC 7662), revocation (RFC 7009), and the life of sessions.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "access/access_token.h"
#include "access/clients.h"
#include "access/decide.h"
#include "access/dpop.h"
#include "access/explained.h"
#include "access/pending_ends.h"
#include "access/recorder.h"
#include "access/session.h"
#include "access/signing_keys.h"
#include "base/json.h"
#include "base/metrics.h"
#include "base/published.h"
#include "context/reconciler.h"
#include "issuer/issuers.h"
#include "net/task.h"

namespace watchword::access {

// The parts of a gate that the service works with. All outlive it.
struct Parts {
  std::string url;          // the issuer of our tokens, without trailing slash
  std::string gateway_url;  // where the gateway is, for jobs: an origin, without trailing slash
  issuer::Issuers& issuers;
  store::Store& store;
  SigningKeys& keys;
  AccessTokens& tokens;
  SessionTable& sessions;
  Dpop& dpop;
  Recorder& recorder;
  Metrics& metrics;
  const Clock& clock;
  Random& random;
};

// A refusal together with its record and how much of it the caller may see.
struct Refusal {
  Error error;
  std::string record;
  bool verified_caller = false;
  std::string you_are, role, rule;  // for verified callers
  std::optional<std::chrono::seconds> retry_after = std::nullopt;
  std::vector<Explained> decisions = {};  // for verified callers who asked for them
  Json nearest = {};                      // for verified callers: what it was one step from (access/nearest.h), or null
  policy::HttpKind clients =
      policy::HttpKind::api;  // what asks here, as the resource says: not all know each challenge
};
template <class T>
using Answer = std::expected<T, Refusal>;

struct ExchangeRequest {
  std::string_view subject_token;
  std::vector<std::string> audiences;  // resource names: "audience" and, by URL or name, "resource"
  std::vector<Permission> scope;       // empty: all that the roles permit
  std::optional<DpopRequest> dpop;
  std::string_view ci_job_token;  // the job's own, to ask its CI system with; empty: not offered
  // A token that is bound to no key, for tools that can prove nothing; `dpop` proves the session's all the same.
  bool bearer = false;
  bool explain = false;  // tell what the door says of each permission that is asked for
  Origin origin;
};
struct ExchangeReply {
  std::string access_token;
  bool dpop = false;
  Duration expires_in{};
  std::vector<Permission> scope;  // allowed at this moment
  std::string session, record;
  std::vector<const policy::Resource*> resources = {};  // the token's audience, of `policy`
  std::shared_ptr<const policy::Policy> policy = {};
  std::vector<Explained> decisions = {};  // where they were asked for
};

// Whoever lets requests run on: told what may end them. On any thread, before the change is durable; must not block.
class RightsWatcher {
 public:
  virtual ~RightsWatcher() = default;
  virtual void session_ended(const std::shared_ptr<Session>& session) = 0;
  virtual void rights_changed() = 0;  // policy, facts or a revocation: what was allowed may not be any more
};

class TokenService {
 public:
  TokenService(Parts parts, std::shared_ptr<const policy::Policy> policy, std::shared_ptr<const context::Facts> facts);

  Snapshot snapshot() const;
  void set_policy(std::shared_ptr<const policy::Policy> policy);

  net::Task<Answer<ExchangeReply>> exchange(ExchangeRequest request);

  // RFC 7662: {"active": false} for whatever is not a live token that this client may ask about.
  net::Task<Answer<Json>> introspect(std::string_view token, const Client& client, Origin origin);
  // RFC 7009: success also for unknown tokens. `client` null: the holder revokes its own token.
  net::Task<Answer<void>> revoke(std::string_view token, const Client* client, Origin origin);

  // A credential presented at a way in, and the session behind it.
  struct Presented {
    std::shared_ptr<const Grant> grant;
    std::shared_ptr<Session> session;
  };
  // `authorization`: the header, "Bearer ..." or "DPoP ...". Checks the token, the proof and the scheme against the
  // binding; whether the session still lives is the door's question.
  Result<Presented> present(const std::string* authorization, const DpopRequest& dpop, Time now);

  // The door's answer to a request. What it lacked is asked of the CI system first, where that can be asked: at most
  // kAskings times, each for a bounded time.
  net::Task<Decision> decide_now(const Session& session, const Grant& grant, Asked asked);
  static constexpr int kAskings = 3;
  // Set before serving; outlives the service's last call.
  void ask_with(context::Reconciler& reconciler) { reconciler_ = &reconciler; }

  // Tokens that jobs have offered at an exchange; each is dropped when its session ends.
  context::JobTokens& job_tokens() { return job_tokens_; }

  // Ends a session: refused from this moment on, durable when the task is done.
  net::Task<Status> end_session(std::shared_ptr<Session> session, SessionEnd why, std::string words, Origin origin);
  // Many at once: all are refused before the first is durable.
  net::Task<Status> end_sessions(std::vector<std::shared_ptr<Session>> sessions, SessionEnd why, std::string words,
                                 Origin origin);
  // The CI system says that the job is over: its session ends, unless its roles say ends_with_job: false. Refused from
  // this moment on; the record follows, and sweep() makes good for one that could not be written. Any thread.
  void end_job(std::string_view issuer, std::string_view project_id, std::string_view job);  // project: where it runs
  // Set before serving; outlives the service's last call.
  void watch(RightsWatcher& watcher) { watcher_ = &watcher; }
  void rights_changed() const;  // facts or tokens are not what they were
  // Rebuilds the table from the store at start.
  Status restore();
  // Ends sessions that reached their bound, forgets what is over. By the maintenance thread, about once a second.
  Status sweep(Time now);

  const Parts& parts() const { return parts_; }

 private:
  Parts parts_;
  Published<policy::Policy> policy_;
  Published<context::Facts> facts_;
  Counter& exchanges_allowed_;
  Counter& exchanges_denied_;
  Counter& exchanges_failed_;
  RightsWatcher* watcher_ = nullptr;
  context::Reconciler* reconciler_ = nullptr;
  context::JobTokens job_tokens_;
  std::shared_ptr<PendingEnds> pending_ends_ = std::make_shared<PendingEnds>();  // a commit may outlive the service

  struct Granted {
    std::vector<std::string> audience;
    std::vector<Permission> now;    // allowed at this moment
    std::vector<Permission> limit;  // what was asked for; empty when nothing was
  };
  Refusal refuse(audit::Entry entry, Error error, const issuer::Principal* principal);
  // A fresh session takes the principal over.
  Result<SessionTable::Lease> open_session(issuer::Principal& principal, const policy::SessionLimits& limits,
                                           const std::string& key, Time now);
  std::expected<Granted, Decision> narrow(const ExchangeRequest& request, const Snapshot& snapshot,
                                          const issuer::Principal& principal, const policy::Roles& roles,
                                          Time now) const;
  void keep_job_token(const Session& session, std::string_view token);
  bool end_in_memory(const std::shared_ptr<Session>& session, SessionEnd why, const EndNote& note);
  // Mints the token, and hands it out once that and the session are on record.
  net::Task<Answer<ExchangeReply>> issue(audit::Entry entry, std::shared_ptr<Session> session, Granted granted,
                                         std::string key, Time now, Time token_ends);
  // The end of a session and its record, which become durable together.
  void add_end(store::Batch& batch, const Session& session) const;
};

}  // namespace watchword::access
