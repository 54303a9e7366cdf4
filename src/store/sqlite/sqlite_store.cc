#include "store/sqlite/sqlite_store.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <optional>
#include <system_error>
#include <utility>

#include "base/file.h"
#include "store/sqlite/file_lock.h"
#include "store/sqlite/queries.h"
#include "store/sqlite/read_pool.h"
#include "store/sqlite/schema.h"
#include "store/sqlite/writer.h"

namespace watchword::store {
namespace {

// A revocation outlives its token by this much, lest a clock that was ahead for a while brings the token back to life.
constexpr auto kForgetAfter = std::chrono::hours(24);

// Of a new store; one that exists keeps its own. A page costs system calls, and of 4 kB the row of a session, 3 kB,
// left a quarter unused.
constexpr const char* kPageSize = "PRAGMA page_size=16384";
// 1000 such pages: few checkpoints, and still a WAL of some 16 MB.
constexpr const char* kPragmas = "PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA wal_autocheckpoint=1000;";

class SqliteStore final : public Store {
 public:
  // `path` is empty for a store in memory.
  SqliteStore(std::optional<FileLock> lock, std::unique_ptr<WriterConnection> connection, Changes changes,
              std::uint64_t log_size, const std::string& path, const StoreOptions& options)
      : lock_(std::move(lock)),
        connection_(std::move(connection)),
        reads_(path.empty() ? ReadPool(*connection_) : ReadPool(path)),
        writer_(*connection_, std::move(changes), log_size, options) {}

  void commit(Batch batch, Done done) override { writer_.commit(std::move(batch), std::move(done)); }

  Result<std::vector<SessionRow>> sessions(const SessionQuery& query) override {
    return reads_.with([&](Database& db) { return find_sessions(db, query); });
  }
  Result<std::optional<SessionRow>> session(std::string_view id) override {
    return reads_.with([&](Database& db) { return find_session(db, id); });
  }
  Status each_session_in_memory(Time now, const std::function<void(SessionRow)>& each) override {
    return reads_.with([&](Database& db) { return store::each_session_in_memory(db, now, each); });
  }
  Result<std::vector<KeyRow>> keys() override {
    return reads_.with([](Database& db) { return all_keys(db); });
  }
  Result<std::vector<Revocation>> revocations(Time now) override {
    writer_.forget_before(now - kForgetAfter);
    return reads_.with([&](Database& db) { return live_revocations(db, now); });
  }
  Status each_fact(Time now, const std::function<void(FactRow)>& each) override {
    return reads_.with([&](Database& db) { return store::each_fact(db, now, each); });
  }
  Result<std::vector<Delivery>> deliveries(Time now) override {
    return reads_.with([&](Database& db) { return live_deliveries(db, now); });
  }
  Result<std::optional<std::string>> meta(std::string_view name) override {
    return reads_.with([&](Database& db) { return find_meta(db, name); });
  }
  Result<std::uint64_t> log_size() override { return writer_.log_size(); }
  Result<std::vector<std::string>> log_entries(std::uint64_t from, std::size_t at_most) override {
    return reads_.with([&](Database& db) { return read_log(db, from, at_most); });
  }

  std::size_t backlog() const override { return writer_.backlog(); }
  std::optional<Error> trouble() const override { return writer_.trouble(); }
  void on_grown(std::function<void(std::uint64_t)> callback) override { writer_.on_grown(std::move(callback)); }

 private:
  // In the order in which they must be made; taken apart backwards.
  std::optional<FileLock> lock_;
  std::unique_ptr<WriterConnection> connection_;
  ReadPool reads_;
  Writer writer_;
};

// SQLite would make the file with the umask's mode; its -wal and -shm files take the mode of the file.
Status make_private_file(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return fail(Reason::store_unavailable, std::generic_category().message(errno), {}, path);
  ::close(fd);
  return {};
}

Status use_wal(Database& database) {
  WW_TRY(Statement statement, database.prepare("PRAGMA journal_mode=WAL"));
  WW_TRY(const bool row, statement.step());
  const std::string mode = row ? statement.text(0) : "none";
  if (mode != "wal") return fail(Reason::store_unavailable, "journal mode " + mode, "a file system that can do WAL");
  return {};
}

Result<std::unique_ptr<Store>> assemble(std::optional<FileLock> lock, Database database, const std::string& path,
                                        const StoreOptions& options) {
  WW_CHECK(database.run(kPageSize));
  WW_CHECK(migrate(database));
  if (!path.empty()) WW_CHECK(use_wal(database));
  WW_CHECK(database.run(kPragmas));
  WW_TRY(const std::uint64_t log_size, count_log(database));
  WW_TRY(Changes changes, Changes::prepare(database));
  auto connection = std::make_unique<WriterConnection>(std::move(database));
  return std::make_unique<SqliteStore>(std::move(lock), std::move(connection), std::move(changes), log_size, path,
                                       options);
}

}  // namespace

Result<std::unique_ptr<Store>> open_sqlite_file(const std::string& path, const StoreOptions& options) {
  const auto slash = path.rfind('/');
  if (slash != 0 && slash != std::string::npos) WW_CHECK(make_directories(path.substr(0, slash), 0700));
  WW_TRY(FileLock lock, FileLock::take(path + ".lock"));
  WW_CHECK(make_private_file(path));
  WW_TRY(Database database, Database::open(path));
  auto store = assemble(std::move(lock), std::move(database), path, options);
  if (!store && store.error().where.empty()) store.error().where = path;
  return store;
}

Result<std::unique_ptr<Store>> open_sqlite_in_memory(const StoreOptions& options) {
  WW_TRY(Database database, Database::open(":memory:"));
  return assemble({}, std::move(database), {}, options);
}

}  // namespace watchword::store
