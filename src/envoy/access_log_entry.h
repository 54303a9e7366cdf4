// What Envoy's access log service says of a request that is over, read for the audit log. All of it may be hostile:
// whatever is kept of it is bounded.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace watchword::envoy {

inline constexpr std::size_t kMaxLogMessage = 512 * 1024;  // Envoy sends 16 KiB and one entry, unless it is told other
inline constexpr std::size_t kMaxLogEntries = 4096;        // in one message

struct LogMessage {
  std::vector<std::string> http;  // each a serialised envoy.data.accesslog.v3.HTTPAccessLogEntry
  std::size_t others = 0;         // entries of connections that are no HTTP
};
// A serialised StreamAccessLogsMessage. Sans-I/O. request_invalid; http_too_large.
Result<LogMessage> read_log_message(std::string_view message);

struct LogEntry {
  enum class Kind : std::uint8_t {
    done,       // an allowed request is over; only then there is anything below
    skipped,    // a refusal, which is on record already, or a request that goes on
    no_record,  // it names no decision of a gate
    malformed,
  };
  Kind kind = Kind::malformed;
  std::string record;            // ULID: of the decision
  std::string session;           // ULID, or empty
  std::string resource, action;  // as the gate told Envoy
  Json detail = Json::object();  // of audit::Event::request_done
};
LogEntry read_log_entry(std::string_view entry);

}  // namespace watchword::envoy
