// Which files of the log's directory are public, and what they are.
#pragma once

#include <cstdint>
#include <string_view>

namespace watchword::api {

enum class LogFile : std::uint8_t { none, checkpoint, verifier_key, tile };

// C2SP tlog-tiles: "checkpoint", "tile/<L>/<N>[.p/<W>]", "tile/entries/<N>[.p/<W>]", each in its one canonical
// spelling, and our own "verifier.key". All else is none.
LogFile log_file_of(std::string_view path);

}  // namespace watchword::api
