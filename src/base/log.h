// What the operator reads: one JSON object a line on standard error. Not the audit log (audit/).
#pragma once

#include <initializer_list>
#include <string_view>
#include <utility>

#include "base/json.h"
#include "base/result.h"

namespace watchword::log {

enum class Level : std::uint8_t { debug, info, warn, error };
using Fields = std::initializer_list<std::pair<std::string_view, Json>>;

void set_level(Level level);
// {"time":...,"level":...,"message":...,fields}. Written with one write(2), so that lines never mix. Any thread.
void write(Level level, std::string_view message, Fields fields = {});
inline void debug(std::string_view message, Fields fields = {}) { write(Level::debug, message, fields); }
inline void info(std::string_view message, Fields fields = {}) { write(Level::info, message, fields); }
inline void warn(std::string_view message, Fields fields = {}) { write(Level::warn, message, fields); }
inline void error(std::string_view message, Fields fields = {}) { write(Level::error, message, fields); }
void error(std::string_view message, const Error& cause);
void warn(std::string_view message, const Error& cause);

}  // namespace watchword::log
