#include "http/websocket_handshake.h"

#include <openssl/sha.h>

#include <array>
#include <cstdlib>

#include "base/encoding.h"

namespace watchword::http {

namespace {

constexpr std::size_t kKeyBytes = 16;
constexpr std::string_view kGuid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

}  // namespace

bool has_websocket_version(const Headers& headers) {
  const std::string* version = headers.find("sec-websocket-version");
  return version != nullptr && *version == kWebsocketVersion && headers.count("sec-websocket-version") == 1;
}

std::string make_websocket_key(Random& random) {
  std::array<std::uint8_t, kKeyBytes> bytes{};
  random.fill(bytes);
  return to_base64(bytes);
}

bool is_websocket_key(std::string_view key) {
  const auto bytes = from_base64(key);
  return bytes && bytes->size() == kKeyBytes;
}

// SHA-1 protects nothing here: it shows that the other side knows the protocol.
std::string websocket_accept(std::string_view key) {
  const std::string text = std::string(key).append(kGuid);
  std::array<std::uint8_t, SHA_DIGEST_LENGTH> digest{};
  const ByteView bytes = as_bytes(text);
  if (SHA1(bytes.data(), bytes.size(), digest.data()) == nullptr) std::abort();  // an OpenSSL without SHA-1
  return to_base64(digest);
}

}  // namespace watchword::http
