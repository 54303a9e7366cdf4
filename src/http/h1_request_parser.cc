#include "http/h1_request_parser.h"

#include "base/text.h"
#include "http/chars.h"
#include "http/uri.h"
#include "http/websocket_handshake.h"

namespace watchword::http {

Result<std::optional<ParsedRequest>> RequestParser::parse(std::string_view buffer) {
  if (lines_.position() == 0 && !buffer.empty() && token_lower(buffer[0]) == 0) {
    if (buffer[0] == '\x16') return malformed("a TLS handshake on a port without TLS", "plain HTTP");
    return malformed("a first byte that begins no method");
  }
  for (;;) {
    WW_TRY(const std::optional<HeadLines::Line> line, lines_.next(buffer));
    if (!line) return std::optional<ParsedRequest>();
    if (line->first) {
      WW_CHECK(start_line(line->text));
    } else if (!line->last) {
      WW_CHECK(header(line->text));
    } else {
      WW_CHECK(finish());
      std::optional<ParsedRequest> done = std::move(parsed_);
      parsed_ = {};
      lines_.reset();
      absolute_authority_.clear();
      expect_seen_ = false;
      return done;
    }
  }
}

Status RequestParser::start_line(std::string_view line) {
  const std::size_t after_method = line.find(' ');
  const std::size_t after_target =
      after_method == std::string_view::npos ? after_method : line.find(' ', after_method + 1);
  if (after_target == std::string_view::npos) return malformed("a request line without method, target and version");
  const std::string_view method = line.substr(0, after_method);
  const std::string_view version = line.substr(after_target + 1);
  if (!is_token(method)) return malformed("a method that is not a token");
  if (version != "HTTP/1.1" && version != "HTTP/1.0")
    return malformed("a request line that does not end with a version that is served", "HTTP/1.1 or HTTP/1.0");

  parsed_.minor = version.back() - '0';
  parsed_.head.scheme = scheme_;
  parsed_.head.method = method;
  parsed_.head.headers.reserve(16);
  return target(line.substr(after_method + 1, after_target - after_method - 1));
}

Status RequestParser::target(std::string_view text) {
  if (parsed_.head.method == "CONNECT") return authority_form(text);
  if (text == "*") {
    if (parsed_.head.method != "OPTIONS") return malformed("target '*' with a method other than OPTIONS");
    parsed_.head.target = text;
    return {};
  }
  if (!is_target(text))
    return malformed("a request target with characters that must be escaped",
                     "visible ASCII without '#', '\"', '<', '>'");
  if (text.starts_with('/')) {
    parsed_.head.target = text;
    return {};
  }
  for (std::string_view prefix : {"http://", "https://"})
    if (ascii_iequals(text.substr(0, prefix.size()), prefix)) return absolute_form(text.substr(prefix.size()));
  return malformed("a request target that is neither a path nor an http URL", "a target that begins with '/'");
}

Status RequestParser::absolute_form(std::string_view after_scheme) {
  const std::size_t end = after_scheme.find_first_of("/?");
  const std::string_view authority = after_scheme.substr(0, end);
  if (!parse_authority(authority)) return malformed("a request target whose authority is not host[:port]");
  absolute_authority_ = ascii_lower(authority);
  if (end == std::string_view::npos) {
    parsed_.head.target = parsed_.head.method == "OPTIONS" ? "*" : "/";  // RFC 9112 3.2.4
  } else {
    parsed_.head.target = after_scheme[end] == '?' ? "/" : "";
    parsed_.head.target += after_scheme.substr(end);
  }
  return {};
}

Status RequestParser::authority_form(std::string_view text) {
  const auto authority = parse_authority(text);
  if (!authority || !authority->port) return malformed("a target of CONNECT that is not host:port");
  absolute_authority_ = ascii_lower(text);
  return {};
}

Status RequestParser::header(std::string_view line) {
  WW_TRY(Header header, lines_.header(line));
  if (header.name == "host") return host(header.value);
  if (header.name == "expect") return expect(header.value);
  if (header.name != "transfer-encoding") parsed_.head.headers.add(std::move(header));
  return {};
}

Status RequestParser::host(std::string_view value) {
  if (!parsed_.head.authority.empty()) return malformed("header 'host' twice");
  if (!parse_authority(value)) return malformed("header 'host' that is not a name or address with at most a port");
  parsed_.head.authority = ascii_lower(value);
  return {};
}

Status RequestParser::expect(std::string_view value) {
  if (expect_seen_ || !ascii_iequals(value, "100-continue"))
    return malformed("header 'expect' twice or with another value", "100-continue");
  expect_seen_ = true;
  return {};
}

Status RequestParser::finish() {
  const HeadLines::Said& said = lines_.said();
  if (parsed_.head.authority.empty()) return malformed("no header 'host'", "exactly one");
  if (!absolute_authority_.empty() && absolute_authority_ != parsed_.head.authority)
    return malformed("a request target whose authority is not that of header 'host'");
  if (said.chunked && parsed_.minor == 0) return malformed("transfer-encoding in HTTP/1.0");

  if (said.chunked) parsed_.framing = BodyFraming::chunked();
  if (said.content_length) parsed_.framing = BodyFraming::of_length(*said.content_length);
  if (said.upgrade && parsed_.minor == 1 && parsed_.head.headers.has_token("upgrade", "websocket"))
    WW_CHECK(finish_upgrade());
  if (parsed_.head.wants_tunnel()) {
    if (said.chunked || said.content_length) return malformed("content before the tunnel that it asks for");
    parsed_.framing = BodyFraming::until_close();
  }
  parsed_.keep_alive = keeps_alive(said, parsed_.minor);
  // RFC 9110 10.1.1: without content, or from HTTP/1.0, the expectation is ignored.
  parsed_.expect_continue = expect_seen_ && parsed_.minor == 1 && parsed_.framing.has_body();
  parsed_.consumed = lines_.position();
  return {};
}

// RFC 6455 4.2.1.
Status RequestParser::finish_upgrade() {
  Headers& headers = parsed_.head.headers;
  if (parsed_.head.method != "GET" || !parsed_.head.target.starts_with('/'))
    return malformed("a WebSocket's handshake with another method or target", "GET and a path");
  if (!has_websocket_version(headers))
    return malformed("another version of WebSocket", "sec-websocket-version: " + std::string(kWebsocketVersion));
  const std::string* key = headers.find("sec-websocket-key");
  if (key == nullptr || headers.count("sec-websocket-key") > 1 || !is_websocket_key(*key))
    return malformed("no sec-websocket-key of 16 bytes in base64", "exactly one");
  parsed_.websocket_key = *key;
  parsed_.head.protocol = "websocket";
  headers.remove_if([](const Header& header) {
    return header.name == "upgrade" || header.name == "sec-websocket-key" || header.name == "sec-websocket-version";
  });
  return {};
}

}  // namespace watchword::http
