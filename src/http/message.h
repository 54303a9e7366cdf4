// HTTP messages without their framing: what handlers and codecs of every HTTP version share (RFC 9110).
#pragma once

#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace watchword::http {

struct Header {
  std::string name;   // lower case
  std::string value;  // no leading or trailing white space, no control characters but tab

  bool operator==(const Header&) const = default;
};

// In order of arrival; a name may stand more than once.
class Headers {
 public:
  Headers() = default;
  Headers(std::initializer_list<Header> headers) : all_(headers) {}

  const std::string* find(std::string_view name) const;  // the first, or null. `name` in lower case, here and below
  std::size_t count(std::string_view name) const;
  void add(Header header) { all_.push_back(std::move(header)); }
  void add(std::string name, std::string value) { all_.push_back({std::move(name), std::move(value)}); }
  void set(std::string_view name, std::string value);  // replaces all of that name
  void remove(std::string_view name);
  template <class Predicate>
  void remove_if(Predicate drop) {
    std::erase_if(all_, drop);
  }
  // True when a comma-separated header holds `token` (case-insensitive), such as connection: close.
  bool has_token(std::string_view name, std::string_view token) const;
  void reserve(std::size_t count) { all_.reserve(count); }
  void clear() { all_.clear(); }
  bool empty() const { return all_.empty(); }
  std::size_t size() const { return all_.size(); }
  bool operator==(const Headers&) const = default;

  auto begin() const { return all_.begin(); }
  auto end() const { return all_.end(); }

 private:
  std::vector<Header> all_;
};

struct RequestHead {
  std::string method;     // a token, as sent
  std::string scheme;     // "http" or "https", from the connection and never from the client
  std::string authority;  // host[:port] in lower case; one valid Host (or :authority)
  std::string target;     // origin form: path and query exactly as sent ("*" for OPTIONS)
  Headers headers;        // without host
  // What the client wants the stream to become (RFC 9110 7.8, RFC 8441 4), in lower case; empty: an ordinary exchange.
  // Only "websocket" is understood. Its handshake (sec-websocket-key, -version and -accept, upgrade, connection) is the
  // codec's.
  std::string protocol = {};

  std::string_view path() const;   // target up to '?'
  std::string_view query() const;  // after '?'; empty if none
  std::string_view host() const;   // authority without the port; an IPv6 address keeps its brackets
  // CONNECT (its authority is host:port and its target empty), or an upgrade: what follows the heads are raw bytes.
  bool wants_tunnel() const { return method == "CONNECT" || !protocol.empty(); }
};

struct ResponseHead {
  int status = 200;
  Headers headers;
};

std::string_view reason_phrase(int status);  // RFC 9110 15; empty for a status without one
inline bool has_no_content(int status) { return status < 200 || status == 204 || status == 304; }  // RFC 9110 6.4.1

}  // namespace watchword::http
