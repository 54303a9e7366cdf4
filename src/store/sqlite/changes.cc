#include "store/sqlite/changes.h"

#include <array>
#include <string>

#include "store/sqlite/rows.h"

namespace watchword::store {
namespace {

enum Sql : std::size_t {
  kPutSession,
  kPutKey,
  kDropKey,
  kRevoke,
  kForget,
  kSetMeta,
  kPutFact,
  kDropFact,
  kPutDelivery,
  kForgetDeliveries,
  kAppend
};

constexpr std::array<const char*, 11> kSql{
    "INSERT INTO sessions(id,issuer,job,project,pipeline,ref,environment,user,opened,expires,keep_until,ended,"
    "end_reason,document) VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14) ON CONFLICT(id) DO UPDATE SET "
    "issuer=?2,job=?3,project=?4,"
    "pipeline=?5,ref=?6,environment=?7,user=?8,opened=?9,expires=?10,keep_until=?11,"
    // A session ends once: what was written of it before its end may come after it.
    "ended=coalesce(ended,?12),end_reason=CASE WHEN ended IS NULL THEN ?13 ELSE end_reason END,document=?14",
    "INSERT OR REPLACE INTO keys(kid,purpose,algorithm,state,created,activates,expires,sealed)"
    "VALUES(?1,?2,?3,?4,?5,?6,?7,?8)",
    "DELETE FROM keys WHERE kid=?1",
    "INSERT INTO revocations(jti,expires) VALUES(?1,?2) ON CONFLICT(jti) DO UPDATE SET expires=max(expires,?2)",
    "DELETE FROM revocations WHERE expires<?1",
    "INSERT OR REPLACE INTO meta(name,value) VALUES(?1,?2)",
    "INSERT OR REPLACE INTO facts(issuer,project,kind,key,value,source,at,learned,keep_until)"
    "VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9)",
    "DELETE FROM facts WHERE issuer=?1 AND project=?2 AND kind=?3 AND key=?4 AND learned<=?5",
    "INSERT INTO deliveries(id,keep_until) VALUES(?1,?2) ON CONFLICT(id) DO NOTHING",
    "DELETE FROM deliveries WHERE keep_until<?1",
    "INSERT INTO log(idx,entry) VALUES(?1,?2)",
};

template <class... Ts>
struct Overloaded : Ts... {
  using Ts::operator()...;
};

}  // namespace

Result<Changes> Changes::prepare(Database& database) {
  std::vector<Statement> statements;
  for (const char* sql : kSql) {
    WW_TRY(Statement statement, database.prepare(sql));
    statements.push_back(std::move(statement));
  }
  return Changes(std::move(statements));
}

Status Changes::apply(const Batch& batch, std::uint64_t first, Time forget_before) {
  for (const Change& change : batch.changes) WW_CHECK(apply(change, forget_before));
  Statement& append = statements_[kAppend];
  auto index = static_cast<std::int64_t>(first);
  for (const std::string& entry : batch.entries) WW_CHECK(append.bind(1, index++).bind_blob(2, entry).run());
  return {};
}

Status Changes::apply(const Change& change, Time forget_before) {
  const auto put_session = [&](const PutSession& put) {
    bind_session(statements_[kPutSession], put.row);
    return statements_[kPutSession].run();
  };
  const auto put_key = [&](const PutKey& put) {
    bind_key(statements_[kPutKey], put.row);
    return statements_[kPutKey].run();
  };
  const auto drop_key = [&](const DropKey& drop) { return statements_[kDropKey].bind(1, drop.kid).run(); };
  const auto revoke = [&](const Revoke& revoke) -> Status {
    WW_CHECK(statements_[kForget].bind(1, to_column(forget_before)).run());
    return statements_[kRevoke].bind(1, revoke.revocation.jti).bind(2, to_column(revoke.revocation.expires)).run();
  };
  const auto set_meta = [&](const SetMeta& set) {
    return statements_[kSetMeta].bind(1, set.name).bind(2, set.value).run();
  };
  const auto put_fact = [&](const PutFact& put) {
    bind_fact(statements_[kPutFact], put.row);
    return statements_[kPutFact].run();
  };
  const auto drop_fact = [&](const DropFact& drop) {
    Statement& statement = statements_[kDropFact];
    statement.bind(1, drop.issuer).bind(2, drop.project).bind(3, drop.kind).bind(4, drop.key);
    return statement.bind(5, to_column(drop.not_after)).run();
  };
  const auto put_delivery = [&](const PutDelivery& put) -> Status {
    WW_CHECK(statements_[kForgetDeliveries].bind(1, to_column(put.now)).run());
    return statements_[kPutDelivery].bind(1, put.delivery.id).bind(2, to_column(put.delivery.keep_until)).run();
  };
  return std::visit(Overloaded{put_session, put_key, drop_key, revoke, set_meta, put_fact, drop_fact, put_delivery},
                    change);
}

}  // namespace watchword::store
