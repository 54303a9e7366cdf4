#include "access/session.h"

#include <utility>

#include "access/session_document.h"

namespace watchword::access {
namespace {

constexpr std::int64_t kOpen = 0;

std::optional<SessionEnd> session_end_from_name(std::string_view text) {
  for (auto end : {SessionEnd::expired, SessionEnd::job_ended, SessionEnd::revoked, SessionEnd::replaced,
                   SessionEnd::policy_changed})
    if (name(end) == text) return end;
  return std::nullopt;
}

}  // namespace

std::string_view name(SessionEnd end) {
  switch (end) {
    case SessionEnd::expired:
      return "expired";
    case SessionEnd::job_ended:
      return "job_ended";
    case SessionEnd::revoked:
      return "revoked";
    case SessionEnd::replaced:
      return "replaced";
    case SessionEnd::policy_changed:
      return "policy_changed";
  }
  std::unreachable();
}

Session::Session(Opening opening)
    : expires_(opening.expires),
      id_(std::move(opening.id)),
      principal_(std::move(opening.principal)),
      job_(job_of(principal_)),
      who_(issuer::who_of(principal_)),
      limits_(opening.limits),
      bound_key_(std::move(opening.bound_key)),
      opened_(opening.opened) {
  if (limits_.quota.any()) allowance_ = std::make_unique<Allowance>(limits_.quota, opened_);
  who_.shrink_to_fit();  // there may be a million of them
  if (const auto* machine = principal_.machine(); machine != nullptr && machine->job == job_) job_ = {};
}

std::shared_ptr<const policy::Roles> Session::roles(const std::shared_ptr<const policy::Policy>& policy) const {
  auto roles = roles_.get();
  if (!roles || roles->policy != policy) {
    roles = policy->shared_roles_of(principal_);
    roles_.set(roles);
  }
  return roles;
}

std::optional<SessionEnd> Session::ended() const {
  auto end = end_.load(std::memory_order_acquire);
  if (end == kOpen) return std::nullopt;
  return static_cast<SessionEnd>((end & ((1 << kReasonBits) - 1)) - 1);
}

bool Session::end(SessionEnd why, Time now) {
  auto open = kOpen;
  const auto end = (now.time_since_epoch().count() << kReasonBits) | (static_cast<std::int64_t>(why) + 1);
  return end_.compare_exchange_strong(open, end, std::memory_order_acq_rel);
}

store::SessionRow Session::to_row() const {
  store::SessionRow row;
  row.id = id_;
  row.issuer = principal_.issuer;
  if (const auto* machine = principal_.machine()) {
    row.project = machine->project;
    row.pipeline = machine->pipeline;
    row.ref = machine->ref;
    row.environment = machine->environment;
    row.user = machine->user;
  }
  row.job = job();
  row.opened = opened_;
  row.expires = expires_;
  row.keep_until = forget_at();
  if (auto end = ended()) {
    row.ended = ended_at();
    row.end_reason = name(*end);
  }
  row.document = session_document(*this);
  return row;
}

Result<std::shared_ptr<Session>> Session::from_row(const store::SessionRow& row) {
  WW_TRY(auto opening, opening_from_document(row));
  auto session = std::make_shared<Session>(std::move(opening));
  session->set_durable();
  if (row.ended) {
    auto why = session_end_from_name(row.end_reason);
    if (!why) return fail(Reason::store_unavailable, row.end_reason, "a session's end", "session " + row.id);
    session->end(*why, *row.ended);
    session->set_end_recorded();
  }
  return session;
}

}  // namespace watchword::access
