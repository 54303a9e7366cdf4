// HTTP/2 frames, byte by byte (RFC 9113 4 and 6), so that tests can send what no library would. For tests only.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace watchword::http::h2 {

enum Type : std::uint8_t {
  kData,
  kHeaders,
  kPriority,
  kReset,
  kSettings,
  kPushPromise,
  kPing,
  kGoaway,
  kWindowUpdate,
  kContinuation
};
enum Flag : std::uint8_t { kNone = 0, kEndStream = 1, kAck = 1, kEndHeaders = 4, kPadded = 8 };
enum Code : std::uint32_t {
  kNoError = 0,
  kProtocolError = 1,
  kInternalError = 2,
  kFlowControlError = 3,
  kRefusedStream = 7,
  kCancel = 8,
  kEnhanceYourCalm = 11
};

inline constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

inline std::string number(std::uint32_t value, int bytes = 4) {
  std::string out;
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) out += static_cast<char>(value >> shift & 0xff);
  return out;
}

inline std::string frame(unsigned type, unsigned flags, std::uint32_t stream, std::string_view payload = {}) {
  return number(static_cast<std::uint32_t>(payload.size()), 3) + number(type, 1) + number(flags, 1) + number(stream) +
         std::string(payload);
}

inline std::string settings(std::initializer_list<std::pair<std::uint32_t, std::uint32_t>> entries = {}) {
  std::string payload;
  for (const auto& [id, value] : entries) payload += number(id, 2) + number(value);
  return frame(kSettings, kNone, 0, payload);
}
inline std::string settings_ack() { return frame(kSettings, kAck, 0); }
inline std::string greeting() { return std::string(kPreface) + settings(); }
inline std::string ping() { return frame(kPing, kNone, 0, "12345678"); }
inline std::string reset(std::uint32_t stream, std::uint32_t code = kCancel) {
  return frame(kReset, kNone, stream, number(code));
}
inline std::string window_update(std::uint32_t stream, std::uint32_t more) {
  return frame(kWindowUpdate, kNone, stream, number(more));
}
inline std::string data(std::uint32_t stream, std::string_view content, unsigned flags = kNone) {
  return frame(kData, flags, stream, content);
}

using FieldList = std::vector<std::pair<std::string, std::string>>;

// As HPACK literals that are neither indexed nor compressed (RFC 7541 6.2.2).
inline std::string block(const FieldList& fields) {
  const auto text = [](const std::string& value) {
    std::string out;
    std::size_t size = value.size();
    if (size < 127) return number(static_cast<std::uint32_t>(size), 1) + value;
    out += '\x7f';
    for (size -= 127; size >= 128; size /= 128) out += static_cast<char>(size % 128 + 128);
    return out + static_cast<char>(size) + value;
  };
  std::string out;
  for (const auto& [name, value] : fields) out += '\0' + text(name) + text(value);
  return out;
}

inline FieldList request_fields(std::string_view method, std::string_view path, const FieldList& more = {}) {
  FieldList fields = {
      {":method", std::string(method)}, {":scheme", "http"}, {":authority", "a.example"}, {":path", std::string(path)}};
  fields.insert(fields.end(), more.begin(), more.end());
  return fields;
}
inline std::string headers(std::uint32_t stream, const FieldList& fields, unsigned flags = kEndHeaders) {
  return frame(kHeaders, flags, stream, block(fields));
}
inline std::string get(std::uint32_t stream, std::string_view path = "/") {
  return headers(stream, request_fields("GET", path), kEndHeaders | kEndStream);
}
inline std::string post(std::uint32_t stream, std::string_view path = "/", const FieldList& more = {}) {
  return headers(stream, request_fields("POST", path, more));
}

}  // namespace watchword::http::h2
