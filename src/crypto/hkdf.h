// HKDF with SHA-256 (RFC 5869): keys from secrets.
#pragma once

#include <cstddef>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"

namespace watchword::crypto {

// Extract, then expand to `size` bytes: at most 255 * 32, else key_invalid. `salt` may be empty; `info` says what the
// result is for, so that one secret makes independent keys.
Result<Secret> hkdf_sha256(const Secret& secret, std::string_view salt, std::string_view info, std::size_t size);

}  // namespace watchword::crypto
