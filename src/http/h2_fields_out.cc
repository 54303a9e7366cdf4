#include <algorithm>
#include <charconv>

#include "base/text.h"
#include "http/chars.h"
#include "http/h1_body.h"
#include "http/h2_fields.h"
#include "http/uri.h"
#include "http/websocket_handshake.h"

namespace watchword::http {
namespace {

std::unexpected<Error> unfit(std::string found) { return fail(Reason::internal, std::move(found)); }

bool is_left_out(const Header& header) {
  static constexpr std::string_view kNames[] = {
      "connection",        "content-length",    "expect",           "host",
      "http2-settings",    "keep-alive",        "proxy-connection", "sec-websocket-accept",
      "sec-websocket-key", "transfer-encoding", "upgrade"};
  if (header.name == "te") return !ascii_iequals(header.value, "trailers");
  return std::ranges::binary_search(kNames, header.name);
}

// All others may be credentials (those of the gate towards its backends have any name), which a connection's shared
// table must not hold (RFC 7541 7.1.3).
bool may_be_indexed(std::string_view name) {
  static constexpr std::string_view kNames[] = {"accept",
                                                "accept-encoding",
                                                "accept-language",
                                                "cache-control",
                                                "content-encoding",
                                                "content-type",
                                                "date",
                                                "etag",
                                                "grpc-encoding",
                                                "grpc-status",
                                                "grpc-accept-encoding",
                                                "server",
                                                "te",
                                                "user-agent",
                                                "vary"};
  return std::ranges::find(kNames, name) != std::end(kNames);
}

// nghttp2 does not write to what it is given.
std::uint8_t* bytes(std::string_view text) {
  return const_cast<std::uint8_t*>(reinterpret_cast<const std::uint8_t*>(text.data()));
}

}  // namespace

void OutgoingFields::put(std::string_view name, std::string_view value, std::uint8_t flags) {
  all_.push_back({bytes(name), bytes(value), name.size(), value.size(), flags});
}

Status OutgoingFields::put(const Header& header) {
  if (!is_lower_token(header.name)) return unfit("a header whose name is not a token in lower case");
  if (has_control(header.value)) return unfit("a control character in header '" + header.name + "'");
  put(header.name, trim(header.value), may_be_indexed(header.name) ? NGHTTP2_NV_FLAG_NONE : NGHTTP2_NV_FLAG_NO_INDEX);
  return {};
}

Status OutgoingFields::put_all(const Headers& headers) {
  for (const Header& header : headers)
    if (!is_left_out(header)) WW_CHECK(put(header));
  return {};
}

void OutgoingFields::put_length(std::uint64_t length) {
  const auto end = std::to_chars(number_.data(), number_.data() + number_.size(), length).ptr;
  put("content-length", {number_.data(), end});
}

Status OutgoingFields::request(const RequestHead& head, std::optional<std::uint64_t> length) {
  all_.reserve(head.headers.size() + 6);
  const bool connect = head.method == "CONNECT";
  if (!is_token(head.method)) return unfit("a method that cannot be sent");
  const auto authority = parse_authority(head.authority);
  if (!authority || (connect && !authority->port)) return unfit("an authority that cannot be sent");
  if (head.wants_tunnel() && length) return unfit("an announced length of a tunnel");
  if (!head.protocol.empty() && !is_token(head.protocol)) return unfit("a protocol that cannot be sent");
  put(":method", head.protocol.empty() ? std::string_view(head.method) : "CONNECT");
  if (!connect) {
    const bool asterisk = head.target == "*" && head.method == "OPTIONS";
    if (!is_target(head.target) || (head.target[0] != '/' && !asterisk))
      return unfit("a request target that cannot be sent");
    if (head.scheme != "http" && head.scheme != "https") return unfit("a scheme that cannot be sent");
    put(":scheme", head.scheme);
    put(":path", head.target);
  }
  put(":authority", head.authority);
  if (!head.protocol.empty()) {
    put(":protocol", head.protocol);
    put("sec-websocket-version", kWebsocketVersion);
  }
  for (const Header& header : head.headers)
    if (!is_left_out(header) && (head.protocol.empty() || header.name != "sec-websocket-version"))
      WW_CHECK(put(header));
  if (length) put_length(*length);
  return {};
}

Status OutgoingFields::response(const ResponseHead& head, std::optional<std::uint64_t> length, std::string_view date) {
  if (head.status < 100 || head.status > 599 || head.status == 101)
    return unfit("status " + std::to_string(head.status));
  all_.reserve(head.headers.size() + 3);
  const auto end = std::to_chars(status_.data(), status_.data() + status_.size(), head.status).ptr;
  put(":status", {status_.data(), end});
  WW_CHECK(put_all(head.headers));
  if (length) put_length(*length);
  if (!date.empty() && head.headers.find("date") == nullptr) put("date", date);
  return {};
}

Status OutgoingFields::trailers(const Headers& trailers) {
  all_.reserve(trailers.size());
  for (const Header& trailer : trailers) {
    if (is_forbidden_trailer(trailer.name)) return unfit("'" + trailer.name + "' as a trailer");
    WW_CHECK(put(trailer));
  }
  return {};
}

}  // namespace watchword::http
