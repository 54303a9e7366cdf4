#include "envoy/check_request.h"

#include <google/protobuf/stubs/logging.h>

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "envoy/check_message.h"
#include "http/chars.h"
#include "http/server.h"
#include "http/uri.h"

namespace watchword::envoy {
namespace {

using Http = wire::AttributeContext::HttpRequest;

// What the library would print of bytes that it refuses is no line of our log.
[[maybe_unused]] const auto kPrinted = google::protobuf::SetLogHandler(nullptr);

constexpr http::ServerLimits kLimits;  // of the built-in gateway's own listener

std::unexpected<Error> malformed(std::string found) { return fail(Reason::http_malformed, std::move(found)); }

// Two of these, joined by a comma, must not look like one.
bool stands_alone(std::string_view name) { return name == "authorization" || name == "dpop"; }

void add_header(http::Headers& headers, std::string name, std::string value) {
  const auto comma = stands_alone(name) ? value.find(',') : std::string::npos;
  if (comma == std::string::npos) {
    if (trim(value).size() != value.size()) value = std::string(trim(value));
    return headers.add(std::move(name), std::move(value));
  }
  headers.add(name, std::string(trim(std::string_view(value).substr(0, comma))));
  headers.add(std::move(name), std::string(trim(std::string_view(value).substr(comma + 1))));
}

// Moves the headers of either encoding into the request; pseudo headers must say what the message's own fields say.
class HeaderReader {
 public:
  HeaderReader(Http& from, http::RequestHead& into) : from_(from), into_(into) {}

  Status read() {
    if (!from_.headers().empty() && !from_.header_map().headers().empty()) return malformed("headers in two encodings");
    for (auto& [name, value] : *from_.mutable_headers()) WW_CHECK(take(std::string(name), std::move(value)));
    auto& raw = *from_.mutable_header_map()->mutable_headers();
    into_.headers.reserve(std::min<std::size_t>(static_cast<std::size_t>(raw.size()), kLimits.header_count));
    for (auto& header : raw) {
      auto& value = header.raw_value().empty() ? *header.mutable_value() : *header.mutable_raw_value();
      WW_CHECK(take(std::move(*header.mutable_key()), std::move(value)));
    }
    return {};
  }

 private:
  Status take(std::string name, std::string value) {
    if (++count_ > kLimits.header_count)
      return fail(Reason::http_too_large, "more headers", std::to_string(kLimits.header_count));
    if (name.starts_with(':')) return take_pseudo(name, value);
    if (!http::is_lower_token(name)) return malformed("a header name that is no token in lower case");
    if (http::has_control(value)) return malformed("a control character in header '" + name + "'");
    if (name == "host") return same(name, value, into_.authority);
    add_header(into_.headers, std::move(name), std::move(value));
    return {};
  }

  Status take_pseudo(const std::string& name, const std::string& value) {
    if (name == ":method") return same(name, value, into_.method);
    if (name == ":path") return same(name, value, into_.target);
    if (name == ":authority") return same(name, value, into_.authority);
    if (name == ":scheme") return same(name, value, into_.scheme);
    if (name == ":protocol") into_.protocol = ascii_lower(value);
    return {};
  }

  static Status same(const std::string& name, const std::string& value, std::string& field) {
    if (field.empty()) field = value;
    if (field != value) return malformed("header '" + name + "' that is not what the request says");
    return {};
  }

  Http& from_;
  http::RequestHead& into_;
  std::size_t count_ = 0;
};

// What http::RequestHead promises of its other members.
Status check_line(http::RequestHead& request) {
  if (request.target.size() > kLimits.request_line)
    return fail(Reason::http_too_large, "a longer target", std::to_string(kLimits.request_line) + " bytes");
  if (!http::is_token(request.method)) return malformed("no method");
  if (!http::is_target(request.target)) return malformed("no path, or one with characters that none may have");
  if (!http::parse_authority(request.authority)) return malformed("no host, or one that is no name or address");
  request.authority = ascii_lower(request.authority);
  if (request.scheme != "https" && request.scheme != "http") return malformed("no scheme that is http or https");
  return {};
}

Status read_client(Http& from, http::RequestHead& into) {
  into.method = std::move(*from.mutable_method());
  into.target = std::move(*from.mutable_path());
  into.authority = std::move(*from.mutable_host());
  into.scheme = std::move(*from.mutable_scheme());
  WW_CHECK(HeaderReader(from, into).read());
  return check_line(into);
}

net::Peer peer_of(const wire::SocketAddress& from) {
  const auto& address = from.address();
  constexpr std::string_view kAddress = "0123456789abcdefABCDEF.:";
  constexpr std::size_t kLongest = 45;
  if (address.empty() || address.size() > kLongest || address.find_first_not_of(kAddress) != std::string::npos ||
      from.port_value() > 65535)
    return {};
  const bool v6 = address.find(':') != std::string::npos;
  return {v6 ? "[" + address + "]" : address, static_cast<std::uint16_t>(from.port_value()), std::nullopt, false};
}

}  // namespace

Result<CheckRequest> read_check_request(std::string_view message) {
  UsualArena arena;
  auto& parsed = arena.make<wire::CheckRequest>();
  if (message.size() > kMaxCheckRequest || !parsed.ParseFromArray(message.data(), static_cast<int>(message.size())))
    return fail(Reason::request_invalid, "bytes that are no CheckRequest");
  return read_check(parsed);
}

Result<CheckRequest> read_check(wire::CheckRequest& message) {
  auto& attributes = *message.mutable_attributes();
  if (!attributes.request().has_http())
    return fail(Reason::request_invalid, "a CheckRequest about no HTTP request", "ext_authz as an HTTP filter");
  CheckRequest check;
  check.peer = peer_of(attributes.source().address().socket_address());
  const auto& extensions = attributes.context_extensions();
  if (const auto found = extensions.find(std::string(kResourceExtension)); found != extensions.end())
    check.resource = found->second;
  if (auto read = read_client(*attributes.mutable_request()->mutable_http(), check.request); !read)
    check.malformed = std::move(read).error();
  return check;
}

Result<CheckRequest> read_http_check(http::RequestHead request, const net::Peer& peer, std::string_view prefix) {
  const std::string_view rest = std::string_view(request.target).substr(prefix.size());
  const auto slash = rest.find('/');
  if (slash == std::string_view::npos)
    return fail(Reason::request_invalid, "no path behind the resource's name", std::string(prefix) + "RESOURCE/...");
  CheckRequest check{std::move(request), peer, std::string(rest.substr(0, slash)), std::nullopt};
  auto& client = check.request;
  client.target.erase(0, prefix.size() + slash);
  // Envoy sets it, and leaves it away unless it is told to send it.
  const auto* scheme = client.headers.find("x-forwarded-proto");
  client.scheme = scheme != nullptr && *scheme == "http" ? "http" : "https";
  const auto headers = std::exchange(client.headers, {});
  for (const auto& header : headers) add_header(client.headers, header.name, header.value);
  return check;
}

}  // namespace watchword::envoy
