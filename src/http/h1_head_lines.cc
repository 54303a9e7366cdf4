#include "http/h1_head_lines.h"

#include <cstring>

#include "base/text.h"
#include "http/chars.h"

namespace watchword::http {
namespace {

std::string quoted_name(std::string_view name) { return "header '" + std::string(name.substr(0, 64)) + "'"; }

std::unexpected<Error> too_large(std::string_view what, std::size_t limit) {
  return fail(Reason::http_too_large, std::string(what), "at most " + std::to_string(limit));
}

}  // namespace

Result<Header> parse_field_line(std::string_view line) {
  if (line.starts_with(' ') || line.starts_with('\t')) return malformed("a folded header line", "one line per header");
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return malformed("a header line without a colon");
  if (colon == 0) return malformed("a header without a name");
  if (const char last = line[colon - 1]; last == ' ' || last == '\t')
    return malformed("white space between a header's name and the colon");

  Header header;
  bool token = true;
  // The size that libstdc++ 12 passes may be larger than the one asked for.
  header.name.resize_and_overwrite(colon, [&](char* out, std::size_t) {
    for (std::size_t i = 0; i < colon; ++i) {
      out[i] = token_lower(line[i]);
      token &= out[i] != 0;
    }
    return colon;
  });
  if (!token) return malformed("a character that may not stand in a header's name");

  const std::string_view value = trim(line.substr(colon + 1));
  if (has_control(value)) return malformed("a control character in " + quoted_name(header.name));
  header.value = value;
  return header;
}

std::optional<std::uint64_t> parse_content_length(std::string_view value) {
  if (value.empty() || value.size() > 19 || (value[0] == '0' && value.size() > 1)) return std::nullopt;
  std::uint64_t length = 0;
  for (char c : value) {
    if (!is_digit(c)) return std::nullopt;
    length = length * 10 + static_cast<std::uint64_t>(c - '0');
  }
  if (length > INT64_MAX) return std::nullopt;
  return length;
}

Result<std::optional<HeadLines::Line>> HeadLines::next(std::string_view buffer) {
  const bool first = headers_start_ == 0;
  const std::size_t lf = buffer.find('\n', scanned_);
  const std::size_t end = lf == std::string_view::npos ? buffer.size() : lf;
  // A CR may stand before the LF: one byte more than the limit. The same rule holds for a line that is still
  // incomplete, so that the way in which the bytes arrive makes no difference.
  if (first && end > limits_.start_line + 1) return too_large("a longer first line", limits_.start_line);
  if (!first && end - headers_start_ > limits_.header_bytes + 1)
    return too_large("more bytes of headers", limits_.header_bytes);
  scanned_ = end;
  if (lf == std::string_view::npos) return std::optional<Line>();

  const std::string_view line = buffer.substr(line_start_, lf - line_start_);
  if (!line.ends_with('\r')) return malformed("a line that ends with a bare LF", "CRLF");
  line_start_ = scanned_ = lf + 1;
  if (first) headers_start_ = line_start_;
  return Line{line.substr(0, line.size() - 1), first, !first && line.size() == 1};
}

Result<Header> HeadLines::header(std::string_view line) {
  if (++count_ > limits_.header_count) return too_large("more headers", limits_.header_count);
  WW_TRY(Header header, parse_field_line(line));
  const std::string_view name = header.name;
  switch (name.size()) {
    case 10:
      if (name == "connection") WW_CHECK(connection(header.value));
      break;
    case 14:
      if (name == "content-length") WW_CHECK(content_length(header.value));
      // Gateways of the CGI family read '_' and '-' in names as the same.
      if (name == "content_length") return malformed("header 'content_length'", "content-length");
      break;
    case 17:
      if (name == "transfer-encoding") WW_CHECK(transfer_encoding(header.value));
      if (name == "transfer_encoding") return malformed("header 'transfer_encoding'", "transfer-encoding");
      break;
    default:
      break;
  }
  return header;
}

Status HeadLines::content_length(std::string_view value) {
  if (said_.content_length) return malformed("header 'content-length' twice");
  if (said_.chunked) return malformed("both content-length and transfer-encoding");
  said_.content_length = parse_content_length(value);
  if (!said_.content_length) return malformed("header 'content-length' that is not one plain number below 2^63");
  return {};
}

Status HeadLines::transfer_encoding(std::string_view value) {
  if (said_.chunked) return malformed("header 'transfer-encoding' twice");
  if (said_.content_length) return malformed("both content-length and transfer-encoding");
  if (!ascii_iequals(value, "chunked")) return malformed("header 'transfer-encoding' with another value", "chunked");
  said_.chunked = true;
  return {};
}

Status HeadLines::connection(std::string_view value) {
  while (!value.empty()) {
    const std::size_t comma = value.find(',');
    const std::string_view option = trim(value.substr(0, comma));
    value = comma == std::string_view::npos ? std::string_view() : value.substr(comma + 1);
    if (option.empty()) continue;
    if (!is_token(option)) return malformed("header 'connection' with an option that is not a token");
    if (ascii_iequals(option, "close")) said_.close = true;
    if (ascii_iequals(option, "keep-alive")) said_.keep_alive = true;
    if (ascii_iequals(option, "upgrade")) said_.upgrade = true;
  }
  return {};
}

}  // namespace watchword::http
