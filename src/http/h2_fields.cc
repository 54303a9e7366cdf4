#include "http/h2_fields.h"

#include <algorithm>

#include "base/text.h"
#include "http/chars.h"
#include "http/h1_body.h"
#include "http/h1_head_lines.h"
#include "http/uri.h"
#include "http/websocket_handshake.h"

namespace watchword::http {
namespace {

constexpr std::array<std::string_view, 6> kPseudo = {":method", ":scheme",   ":authority",
                                                     ":path",   ":protocol", ":status"};
constexpr std::size_t kAroundField = 4;  // ": " and CRLF

std::unexpected<Error> too_large(std::string what, std::size_t limit) {
  return fail(Reason::http_too_large, std::move(what), "at most " + std::to_string(limit));
}

bool is_white(char c) { return c == ' ' || c == '\t'; }

// RFC 9113 8.2.2. The forms with '_' because gateways of the CGI family read '_' and '-' in names as the same.
bool is_connection_specific(std::string_view name) {
  static constexpr std::string_view kNames[] = {"connection",        "content_length",   "http2-settings",
                                                "keep-alive",        "proxy-connection", "transfer-encoding",
                                                "transfer_encoding", "upgrade"};
  return std::ranges::find(kNames, name) != std::end(kNames);
}

}  // namespace

void FieldCollector::add(std::string_view name, std::string_view value) {
  decoded_ += name.size() + value.size() + kAroundField;
  if (error_) return;
  if (Status added = field(name, value); !added) error_ = std::move(added).error();
}

void FieldCollector::reject(std::string found) {
  if (!error_) error_ = malformed(std::move(found)).error();
}

Status FieldCollector::field(std::string_view name, std::string_view value) {
  WW_CHECK(bound(name, value));
  if (name.starts_with(':')) return pseudo(name, value);
  regular_seen_ = true;
  return regular(name, value);
}

Status FieldCollector::bound(std::string_view name, std::string_view value) {
  if (name == ":method" || name == ":path") {
    start_bytes_ += value.size();
    if (start_bytes_ > limits_.start_line) return too_large("a longer method and path", limits_.start_line);
    return {};
  }
  bytes_ += name.size() + value.size() + kAroundField;
  if (bytes_ > limits_.header_bytes) return too_large("more bytes of headers", limits_.header_bytes);
  if (!name.starts_with(':') && ++count_ > limits_.header_count) return too_large("more headers", limits_.header_count);
  return {};
}

Status FieldCollector::pseudo(std::string_view name, std::string_view value) {
  const auto at = std::ranges::find(kPseudo, name);
  const auto which = static_cast<std::size_t>(at - kPseudo.begin());
  const bool fits = kind_ == FieldBlock::response ? which == status : kind_ == FieldBlock::request && which < status;
  if (!fits) return malformed("a pseudo header field that does not belong here");
  if (regular_seen_) return malformed("a pseudo header field after others");
  if (pseudo_[which]) return malformed("pseudo header field '" + std::string(name) + "' twice");
  pseudo_[which] = value;
  return {};
}

Status FieldCollector::regular(std::string_view name, std::string_view value) {
  if (!is_lower_token(name)) return malformed("a header's name that is not a token in lower case");
  if (has_control(value)) return malformed("a control character in header '" + std::string(name.substr(0, 64)) + "'");
  if (!value.empty() && (is_white(value.front()) || is_white(value.back())))
    return malformed("white space around the value of header '" + std::string(name.substr(0, 64)) + "'");
  if (is_connection_specific(name)) return malformed("header '" + std::string(name) + "', which HTTP/2 does not have");
  if (name == "te" && !ascii_iequals(value, "trailers")) return malformed("header 'te' with another value", "trailers");
  if (kind_ == FieldBlock::trailers && is_forbidden_trailer(name))
    return malformed("'" + std::string(name) + "' as a trailer");
  if (name == "content-length") WW_CHECK(content_length(value));
  if (kind_ == FieldBlock::request) {
    if (name == "host") {
      if (host_) return malformed("header 'host' twice");
      host_ = value;
      return {};
    }
    if (name == "expect") {
      if (expect_ || !ascii_iequals(value, "100-continue"))
        return malformed("header 'expect' twice or with another value", "100-continue");
      expect_ = true;
      return {};
    }
    if (name == "cookie") {
      cookie(value);
      return {};
    }
  }
  headers_.add(std::string(name), std::string(value));
  return {};
}

Status FieldCollector::content_length(std::string_view value) {
  if (content_length_) return malformed("header 'content-length' twice");
  content_length_ = parse_content_length(value);
  if (!content_length_) return malformed("header 'content-length' that is not one plain number below 2^63");
  return {};
}

void FieldCollector::cookie(std::string_view crumb) {
  if (!cookies_.empty()) cookies_ += "; ";
  cookies_ += crumb;
}

Status FieldCollector::check_request() {
  if (error_) return std::unexpected(*error_);
  if (!of(method) || !is_token(*of(method))) return malformed("no :method, or one that is not a token");
  const bool connect = *of(method) == "CONNECT";
  if (of(protocol) && !connect) return malformed(":protocol with a method other than CONNECT");
  WW_CHECK(check_authority());
  if (connect && !of(protocol)) {
    if (of(scheme) || of(path)) return malformed("CONNECT with :scheme or :path");
    if (!parse_authority(*of(authority))->port) return malformed("CONNECT with an :authority without a port");
  } else {
    if (of(scheme) != "http" && of(scheme) != "https") return malformed("a :scheme other than http and https");
    WW_CHECK(check_path());
  }
  if (connect && content_length_) return malformed("header 'content-length' with CONNECT");
  if (!of(protocol)) return {};
  if (!is_token(*of(protocol))) return malformed("a :protocol that is not a token");
  if (!ascii_iequals(*of(protocol), "websocket"))
    return fail(Reason::upgrade_unsupported, "another :protocol", "websocket");
  if (headers_.find("sec-websocket-version") != nullptr && !has_websocket_version(headers_))
    return malformed("another version of WebSocket", "sec-websocket-version: " + std::string(kWebsocketVersion));
  return {};
}

// :authority and host may both be there; they are the same then (RFC 9113 8.3.1).
Status FieldCollector::check_authority() {
  const bool connect = of(method) == "CONNECT";
  auto& told = pseudo_[authority];
  if (!told && host_ && !connect) told = host_;
  if (!told) return malformed("neither :authority nor host", "exactly one authority");
  if (!parse_authority(*told)) return malformed("an :authority that is not a name or address with at most a port");
  if (host_ && !ascii_iequals(*host_, *told)) return malformed("a header 'host' that is not the :authority");
  return {};
}

Status FieldCollector::check_path() {
  if (!of(path)) return malformed("no :path");
  if (of(path) == "*") {
    if (of(method) == "OPTIONS") return {};
    return malformed(":path '*' with a method other than OPTIONS");
  }
  if (!of(path)->starts_with('/')) return malformed("a :path that does not begin with '/'");
  if (!is_target(*of(path)))
    return malformed("a :path with characters that must be escaped", "visible ASCII without '#', '\"', '<', '>'");
  return {};
}

Result<FieldCollector::Request> FieldCollector::request(std::string_view scheme_of_connection) {
  WW_CHECK(check_request());
  Request request;
  request.content_length = content_length_;
  request.expect_continue = expect_ && of(method) != "CONNECT";
  RequestHead& head = request.head;
  head.scheme = scheme_of_connection;
  head.authority = ascii_lower(*of(authority));
  head.target = of(path).value_or("");
  head.method = *std::move(pseudo_[method]);
  head.headers = std::move(headers_);
  if (!cookies_.empty()) head.headers.add("cookie", std::move(cookies_));
  if (of(protocol)) {
    head.method = "GET";
    head.protocol = ascii_lower(*of(protocol));
    head.headers.remove_if([](const Header& header) {
      return header.name == "sec-websocket-key" || header.name == "sec-websocket-version";
    });
  }
  return request;
}

Result<FieldCollector::Response> FieldCollector::response() {
  if (error_) return std::unexpected(*error_);
  const auto& digits = of(status);
  if (!digits || digits->size() != 3 || !std::ranges::all_of(*digits, is_digit))
    return malformed("no :status, or one that is not three digits");
  const int code = std::stoi(*digits);
  if (code < 100 || code > 599) return malformed("a status outside 100 to 599");
  if (code == 101) return malformed("status 101, which HTTP/2 does not have");
  return Response{{code, std::move(headers_)}, content_length_};
}

Result<Headers> FieldCollector::trailers() {
  if (error_) return std::unexpected(*error_);
  return std::move(headers_);
}

}  // namespace watchword::http
