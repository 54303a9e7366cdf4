#include "http/h1_response_parser.h"

#include "http/chars.h"

namespace watchword::http {

Result<std::optional<ParsedResponse>> ResponseParser::parse(std::string_view buffer, std::string_view method,
                                                            bool upgrade) {
  if (lines_.position() == 0 && !buffer.empty() && buffer[0] != 'H') return malformed("something that is not HTTP/1");
  for (;;) {
    WW_TRY(const std::optional<HeadLines::Line> line, lines_.next(buffer));
    if (!line) return std::optional<ParsedResponse>();
    if (line->first) {
      WW_CHECK(start_line(line->text, upgrade));
    } else if (!line->last) {
      WW_CHECK(header(line->text));
    } else {
      WW_CHECK(finish(method));
      std::optional<ParsedResponse> done = std::move(parsed_);
      parsed_ = {};
      lines_.reset();
      return done;
    }
  }
}

// "HTTP/1.1 200 OK". The space before an empty reason phrase is often left out, and harmless.
Status ResponseParser::start_line(std::string_view line, bool upgrade) {
  constexpr std::size_t kVersion = 8;
  constexpr std::size_t kStatus = kVersion + 4;  // with " 200"
  const std::string_view version = line.substr(0, kVersion);
  if (version != "HTTP/1.1" && version != "HTTP/1.0")
    return malformed("another version of HTTP", "HTTP/1.1 or HTTP/1.0");
  if (line.size() < kStatus || line[kVersion] != ' ' || (line.size() > kStatus && line[kStatus] != ' '))
    return malformed("a status line without a status of three digits");
  int status = 0;
  for (char c : line.substr(kVersion + 1, 3)) {
    if (!is_digit(c)) return malformed("a status line without a status of three digits");
    status = status * 10 + (c - '0');
  }
  if (status < 100 || status > 599) return malformed("a status outside 100 to 599");
  if (status == 101 && !upgrade) return malformed("status 101 though no upgrade was asked for");
  if (has_control(line)) return malformed("a control character in the status line");

  parsed_.head.status = status;
  parsed_.minor = version.back() - '0';
  parsed_.head.headers.reserve(16);
  return {};
}

Status ResponseParser::header(std::string_view line) {
  WW_TRY(Header header, lines_.header(line));
  if (header.name != "transfer-encoding") parsed_.head.headers.add(std::move(header));
  return {};
}

Status ResponseParser::finish(std::string_view method) {
  const HeadLines::Said& said = lines_.said();
  const int status = parsed_.head.status;
  if (said.chunked && parsed_.minor == 0) return malformed("transfer-encoding in HTTP/1.0");

  parsed_.consumed = lines_.position();
  const bool granted = status == 101 || (method == "CONNECT" && status >= 200 && status < 300);
  const bool never_a_body = status < 200 || status == 204;
  if (never_a_body && (said.chunked || said.content_length.value_or(0) > 0))
    return malformed("a body announced with status " + std::to_string(status));

  if (granted) return finish_tunnel();
  if (has_no_content(status) || method == "HEAD") {
    parsed_.framing = BodyFraming::none();
  } else if (said.chunked) {
    parsed_.framing = BodyFraming::chunked();
  } else if (said.content_length) {
    parsed_.framing = BodyFraming::of_length(*said.content_length);
  } else {
    parsed_.framing = BodyFraming::until_close();
  }
  parsed_.interim = status < 200;
  parsed_.keep_alive = keeps_alive(said, parsed_.minor) && parsed_.framing.kind != BodyFraming::Kind::until_close;
  return {};
}

// What is said about a length counts for nothing after CONNECT (RFC 9112 6.3).
Status ResponseParser::finish_tunnel() {
  if (parsed_.head.status == 101 && (parsed_.minor == 0 || !lines_.said().upgrade))
    return malformed("status 101 without 'connection: upgrade'");
  parsed_.head.headers.remove("content-length");
  parsed_.framing = BodyFraming::until_close();
  parsed_.keep_alive = false;
  parsed_.tunnel = true;
  return {};
}

}  // namespace watchword::http
