// The points of small order of Ed25519's curve. Under such a key anyone can make signatures, so it is no key.
#pragma once

#include <array>
#include <cstdint>

#include "base/encoding.h"

namespace watchword::crypto {

// `point` is 32 bytes, RFC 8032 5.1.2. Also true for y coordinates that are not below 2^255 - 19.
bool is_small_order(ByteView point);

}  // namespace watchword::crypto
