#include "http/h1_write.h"

#include <array>
#include <charconv>

#include "http/chars.h"
#include "http/h1_body.h"
#include "http/uri.h"

namespace watchword::http {
namespace {

void append_number(std::string& out, std::uint64_t number, int base = 10) {
  std::array<char, 20> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number, base).ptr;
  out.append(digits.data(), end);
}

bool is_framing(std::string_view name) {
  switch (name.size()) {
    case 4:
      return name == "host";
    case 6:
      return name == "expect";
    case 10:
      return name == "connection" || name == "keep-alive";
    case 14:
      return name == "content-length";
    case 17:
      return name == "transfer-encoding";
    default:
      return false;
  }
}

std::unexpected<Error> unfit(std::string found) { return fail(Reason::internal, std::move(found)); }

Status append_field(std::string& out, const Header& header) {
  if (!is_lower_token(header.name)) return unfit("a header whose name is not a token in lower case");
  if (has_control(header.value)) return unfit("a control character in header '" + header.name + "'");
  out.append(header.name).append(": ").append(header.value).append("\r\n");
  return {};
}

Status append_fields(std::string& out, const Headers& headers, BodyFraming framing, bool keep_alive, int minor) {
  for (const Header& header : headers)
    if (!is_framing(header.name)) WW_CHECK(append_field(out, header));
  switch (framing.kind) {
    case BodyFraming::Kind::none:
      break;
    case BodyFraming::Kind::length:
      out.append("content-length: ");
      append_number(out, framing.length);
      out.append("\r\n");
      break;
    case BodyFraming::Kind::chunked:
      out.append("transfer-encoding: chunked\r\n");
      break;
    case BodyFraming::Kind::until_close:
      keep_alive = false;
      break;
  }
  if (!keep_alive) out.append("connection: close\r\n");
  if (keep_alive && minor == 0) out.append("connection: keep-alive\r\n");
  out.append("\r\n");
  return {};
}

bool is_valid_target(const RequestHead& head) {
  return is_target(head.target) && (head.target[0] == '/' || (head.target == "*" && head.method == "OPTIONS"));
}

Status append_request(std::string& out, const RequestHead& head, BodyFraming framing, bool keep_alive) {
  if (!is_token(head.method) || head.method == "CONNECT") return unfit("a method that cannot be sent");
  if (!is_valid_target(head)) return unfit("a request target that cannot be sent");
  if (!parse_authority(head.authority)) return unfit("an authority that is not host[:port]");
  if (framing.kind == BodyFraming::Kind::until_close) return unfit("a request without an end");
  out.append(head.method).append(" ").append(head.target).append(" HTTP/1.1\r\nhost: ");
  out.append(head.authority).append("\r\n");
  return append_fields(out, head.headers, framing, keep_alive, 1);
}

Status append_response(std::string& out, const ResponseHead& head, BodyFraming framing, bool keep_alive, int minor) {
  if (head.status < 100 || head.status > 599) return unfit("status " + std::to_string(head.status));
  if (framing.kind == BodyFraming::Kind::chunked && minor == 0) return unfit("chunks for a client of HTTP/1.0");
  out.append("HTTP/1.1 ");
  append_number(out, static_cast<std::uint64_t>(head.status));
  out.append(" ").append(reason_phrase(head.status)).append("\r\n");
  return append_fields(out, head.headers, framing, keep_alive, minor);
}

// What a failed attempt appended is taken back.
Status all_or_nothing(std::string& out, std::size_t size_before, Status status) {
  if (!status) out.resize(size_before);
  return status;
}

}  // namespace

Status append_request_head(std::string& out, const RequestHead& head, BodyFraming framing, bool keep_alive) {
  const std::size_t before = out.size();
  return all_or_nothing(out, before, append_request(out, head, framing, keep_alive));
}

Status append_response_head(std::string& out, const ResponseHead& head, BodyFraming framing, bool keep_alive,
                            int client_minor) {
  const std::size_t before = out.size();
  return all_or_nothing(out, before, append_response(out, head, framing, keep_alive, client_minor));
}

void append_chunk(std::string& out, std::string_view piece) {
  if (piece.empty()) return;
  append_number(out, piece.size(), 16);
  out.append("\r\n").append(piece).append("\r\n");
}

Status append_last_chunk(std::string& out, const Headers& trailers) {
  const std::size_t before = out.size();
  out.append("0\r\n");
  for (const Header& trailer : trailers) {
    const Status status =
        is_forbidden_trailer(trailer.name) ? unfit("'" + trailer.name + "' as a trailer") : append_field(out, trailer);
    if (!status) return all_or_nothing(out, before, status);
  }
  out.append("\r\n");
  return {};
}

}  // namespace watchword::http
