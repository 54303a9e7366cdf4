// The checks of doctor that look at what a gate keeps: its signing keys, its store and its log.
#include <algorithm>

#include "audit/checkpoint.h"
#include "base/file.h"
#include "base/file_stamp.h"
#include "cli/admin_client.h"
#include "cli/doctor.h"

namespace watchword::cli {
namespace {

constexpr Duration kLate = std::chrono::minutes(10);    // a rotation is a matter of seconds
constexpr Duration kLogLate = std::chrono::minutes(1);  // so is a checkpoint
constexpr std::int64_t kMuchBacklog = 1000;

Error state_error(std::string found, std::string expected, std::string where = {}) {
  return {Reason::store_unavailable, std::move(found), std::move(expected), std::move(where),
          "look for errors in the gate's own log: a store or disk that refuses to write stops this too"};
}

struct SignedLog {
  std::uint64_t size;
  Time since;
};

// A folder without one has just been made, or else nothing is ever signed there.
Result<SignedLog> checkpoint_in(const std::string& directory) {
  const auto file = directory + "/checkpoint";
  if (stamp_of(file) == FileStamp{}) {
    const auto made = stamp_of(directory);
    if (made == FileStamp{}) return fail(Reason::log_incomplete, "no folder", "the log's folder", directory);
    return SignedLog{0, from_unix(made.seconds)};
  }
  WW_TRY(const auto text, read_file(file));
  WW_TRY(const auto checkpoint, audit::read_unverified(text));
  return SignedLog{checkpoint.size, from_unix(stamp_of(file).seconds)};
}

}  // namespace

CheckResult judge_keys(const Json& keys, Duration rotate_every, Time now) {
  const auto* list = keys.find("keys");
  if (list != nullptr && list->array_items() != nullptr)
    for (const auto& key : *list->array_items()) {
      if (key.string_or("state", "") != "active") continue;
      const auto since = from_rfc3339(key.string_or("activates", ""));
      if (!since) break;
      if (now > *since + rotate_every + kLate) {
        auto error = state_error("the key that signs does so since " + to_rfc3339(*since),
                                 "another one each " + to_string(rotate_every));
        error.fix = "look for errors in the gate's own log; 'watchword keys rotate' tries it at once";
        return {"signing key", {}, std::move(error)};
      }
      return {"signing key", "signs since " + to_rfc3339(*since), {}};
    }
  return {"signing key", {}, state_error("no key that signs", "one")};
}

CheckResult judge_log(std::uint64_t stored, std::uint64_t signed_size, Duration since, std::int64_t backlog,
                      const std::string& directory) {
  if (backlog > kMuchBacklog)
    return {
        "log", {}, state_error(std::to_string(backlog) + " records wait to be written", "none that wait", directory)};
  if (signed_size < stored && since > kLogLate)
    return {"log",
            {},
            state_error("the checkpoint of " + to_string(std::chrono::floor<std::chrono::seconds>(since)) +
                            " ago covers " + std::to_string(signed_size) + " of " + std::to_string(stored) + " entries",
                        "a checkpoint within seconds of each entry", directory)};
  return {"log", "entries: " + std::to_string(stored) + ", signed: " + std::to_string(signed_size), {}};
}

void check_state(const Config& config, const DoctorOptions& options, const Json& status, Time now, Checks& checks) {
  const AdminOptions admin{.admin = {}, .config = options.config};
  auto keys = expect_ok(ask_admin(admin, "GET", "/api/v1/keys"));
  if (keys)
    checks.push_back(judge_keys(*keys, config.signing.rotate_every, now));
  else
    checks.push_back({"signing key", {}, std::move(keys).error()});

  const auto signed_log = checkpoint_in(config.log_directory);
  if (!signed_log) return checks.push_back({"log", {}, signed_log.error()});
  const auto* stored = status.find_integer("log_size");
  const auto* backlog = status.find_integer("backlog");
  checks.push_back(judge_log(stored != nullptr ? static_cast<std::uint64_t>(*stored) : 0, signed_log->size,
                             now - signed_log->since, backlog != nullptr ? *backlog : 0, config.log_directory));
}

}  // namespace watchword::cli
