// SHA-2 digests.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/encoding.h"

namespace watchword::crypto {

using Sha256 = std::array<std::uint8_t, 32>;

Sha256 sha256(ByteView data);
inline Sha256 sha256(std::string_view text) { return sha256(as_bytes(text)); }
// Lower-case hex of the digest: how records name a token without holding it.
std::string sha256_hex(std::string_view text);

struct Sha256Hash {  // for hash tables keyed by a digest: its first bytes are as good as any hash
  std::size_t operator()(const Sha256& digest) const;
};

}  // namespace watchword::crypto
