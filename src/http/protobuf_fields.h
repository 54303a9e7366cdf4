// Protocol buffers written by hand, for the few messages that are worth it: length-delimited fields and varints
// (protobuf.dev/programming-guides/encoding).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace watchword::http {

inline void append_varint(std::string& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out += static_cast<char>((value & 0x7f) | 0x80);
  out += static_cast<char>(value);
}
// The beginning of field `number`, below 16, whose content of `bytes` bytes follows.
inline void append_field_head(std::string& out, unsigned number, std::size_t bytes) {
  append_varint(out, number << 3 | 2u);
  append_varint(out, bytes);
}
inline void append_field(std::string& out, unsigned number, std::string_view bytes) {
  append_field_head(out, number, bytes.size());
  out += bytes;
}
// What append_field() appends, in bytes.
inline std::size_t field_size(std::size_t bytes) {
  std::size_t length = 1;
  for (auto value = bytes; value >= 0x80; value >>= 7) ++length;
  return 1 + length + bytes;
}

}  // namespace watchword::http
