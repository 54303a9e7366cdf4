#include "store/sqlite/rows.h"

namespace watchword::store {

void bind_session(Statement& statement, const SessionRow& row) {
  statement.bind(1, row.id).bind(2, row.issuer).bind(3, row.job).bind(4, row.project).bind(5, row.pipeline);
  statement.bind(6, row.ref).bind(7, row.environment).bind(8, row.user);
  statement.bind(9, to_column(row.opened)).bind(10, to_column(row.expires));
  statement.bind(11, to_column(row.keep_until));
  if (row.ended)
    statement.bind(12, to_column(*row.ended));
  else
    statement.bind_null(12);
  statement.bind(13, row.end_reason).bind(14, row.document);
}

SessionRow read_session(const Statement& s) {
  SessionRow row{.id = s.text(0),
                 .issuer = s.text(1),
                 .job = s.text(2),
                 .project = s.text(3),
                 .pipeline = s.text(4),
                 .ref = s.text(5),
                 .environment = s.text(6),
                 .user = s.text(7),
                 .opened = to_time(s.integer(8)),
                 .expires = to_time(s.integer(9)),
                 .keep_until = to_time(s.integer(10)),
                 .ended = {},
                 .end_reason = s.text(12),
                 .document = s.text(13)};
  if (!s.is_null(11)) row.ended = to_time(s.integer(11));
  return row;
}

void bind_key(Statement& statement, const KeyRow& row) {
  statement.bind(1, row.kid).bind(2, row.purpose).bind(3, row.algorithm).bind(4, row.state);
  statement.bind(5, to_column(row.created)).bind(6, to_column(row.activates)).bind(7, to_column(row.expires));
  statement.bind_blob(8, row.sealed);
}

KeyRow read_key(const Statement& s) {
  return {.kid = s.text(0),
          .purpose = s.text(1),
          .algorithm = s.text(2),
          .state = s.text(3),
          .created = to_time(s.integer(4)),
          .activates = to_time(s.integer(5)),
          .expires = to_time(s.integer(6)),
          .sealed = s.text(7)};
}

void bind_fact(Statement& s, const FactRow& row) {
  s.bind(1, row.issuer).bind(2, row.project).bind(3, row.kind).bind(4, row.key).bind(5, row.value).bind(6, row.source);
  s.bind(7, to_column(row.at)).bind(8, to_column(row.learned)).bind(9, to_column(row.keep_until));
}

FactRow read_fact(const Statement& s) {
  return {.issuer = s.text(0),
          .project = s.text(1),
          .kind = s.text(2),
          .key = s.text(3),
          .value = s.text(4),
          .source = s.text(5),
          .at = to_time(s.integer(6)),
          .learned = to_time(s.integer(7)),
          .keep_until = to_time(s.integer(8))};
}

}  // namespace watchword::store
