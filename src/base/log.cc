// The operator's log on standard error.
#include "base/log.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>

#include "base/clock.h"

namespace watchword::log {
namespace {

std::atomic<Level> lowest{Level::info};

std::string_view name_of(Level level) {
  constexpr std::array<std::string_view, 4> kNames{"debug", "info", "warn", "error"};
  return kNames[static_cast<std::size_t>(level)];
}

Fields::value_type text_field(std::string_view key, std::string_view value) { return {key, Json(value)}; }

void write_error(Level level, std::string_view message, const Error& cause) {
  write(level, message,
        {text_field("reason", name(cause.reason)), text_field("found", cause.found),
         text_field("expected", cause.expected), text_field("where", cause.where), text_field("fix", fix_of(cause))});
}

}  // namespace

void set_level(Level level) { lowest.store(level, std::memory_order_relaxed); }

void write(Level level, std::string_view message, Fields fields) {
  if (level < lowest.load(std::memory_order_relaxed)) return;
  constexpr std::array<std::string_view, 3> kOwn{"time", "level", "message"};
  Json rest = Json::object();
  for (const auto& [key, value] : fields)
    if (std::ranges::find(kOwn, key) == kOwn.end()) rest.set(key, value);

  std::string line = "{\"time\":";
  Json(to_rfc3339(SystemClock().now())).dump_to(line);
  line += ",\"level\":";
  Json(name_of(level)).dump_to(line);
  line += ",\"message\":";
  Json(message).dump_to(line);
  const std::string tail = rest.dump();
  line += rest.members()->empty() ? "}" : "," + tail.substr(1);
  line += '\n';

  std::string_view left = line;  // a pipe may take less than all
  while (!left.empty()) {
    const ssize_t written = ::write(STDERR_FILENO, left.data(), left.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;  // nobody can be told that the log cannot be written
    left.remove_prefix(static_cast<std::size_t>(written));
  }
}

void error(std::string_view message, const Error& cause) { write_error(Level::error, message, cause); }
void warn(std::string_view message, const Error& cause) { write_error(Level::warn, message, cause); }

}  // namespace watchword::log
