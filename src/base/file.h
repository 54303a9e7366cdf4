// Files read whole with a limit, and written so that a reader sees the old or the new content, never half of it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/secret.h"

namespace watchword {

Result<std::string> read_file(const std::string& path, std::size_t max_bytes = 1 << 20);
// Writes a temporary file beside `path`, syncs it, renames it over `path` and syncs the folder.
Status write_file_atomically(const std::string& path, std::string_view content, unsigned mode = 0644);
Status make_directories(const std::string& path, unsigned mode = 0750);
Result<std::vector<std::string>> list_directory(const std::string& path);  // names, sorted; not "." and ".."

// "file:/run/secrets/x", "env:NAME" or "credential:NAME" (systemd, $CREDENTIALS_DIRECTORY). One trailing newline of a
// file is dropped. A literal value is refused: a secret does not belong into a configuration file.
Result<Secret> resolve_secret(std::string_view reference);

}  // namespace watchword
