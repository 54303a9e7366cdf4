// Header fields of HTTP/2 (RFC 9113 8, RFC 8441) to and from messages, as strict as HTTP/1.1's parser and with its
// limits. Sans-I/O: HPACK is nghttp2's. Internal to the codec.
#pragma once

#include <nghttp2/nghttp2.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "http/h1.h"
#include "http/message.h"

namespace watchword::http {

enum class FieldBlock : std::uint8_t { request, response, trailers };

// HTTP/1.1's limits on trailers (BodyLimits).
inline constexpr HeadLimits kTrailerLimits{.start_line = 0, .header_bytes = std::size_t{8} * 1024, .header_count = 32};

// Gathers one incoming field block, field by field in the order of arrival, then gives the message that it is. Errors:
// http_malformed, http_too_large, and upgrade_unsupported for a :protocol other than "websocket"; `found` names the
// rule that was broken and at most a field's name. After the first error nothing more is kept.
//
// Refused, beyond what HTTP/1.1's parser refuses too: pseudo fields that are unknown, repeated, missing, out of place
// or after others; names in upper case; connection-specific fields, te other than "trailers"; white space around a
// value; a host that differs from :authority; content-length with a tunnel; status 101.
class FieldCollector {
 public:
  // `limits.start_line` bounds :method and :path together, `limits.header_bytes` the other fields, each with 4 bytes
  // for what HTTP/1.1 would put around it.
  FieldCollector(FieldBlock kind, HeadLimits limits) : kind_(kind), limits_(limits) {}

  void add(std::string_view name, std::string_view value);
  void reject(std::string found);  // a field that the layer below refused
  bool failed() const { return error_.has_value(); }
  // So much beyond the limits that it is not worth an answer: a few bytes of HPACK can stand for many.
  bool beyond_reason() const { return decoded_ > kBeyond * limits_.header_bytes; }

  // After the last field, once; the one that fits the kind.
  struct Request {
    RequestHead head;  // an extended CONNECT as method GET with its protocol. `headers` without host, cookies joined
    std::optional<std::uint64_t> content_length;  // as announced; the header stays in `headers`
    bool expect_continue = false;                 // taken out of `headers`; the codec knows whether content follows
  };
  Result<Request> request(std::string_view scheme);  // `scheme`: the connection's
  struct Response {
    ResponseHead head;  // 1xx too, but never 101
    std::optional<std::uint64_t> content_length;
  };
  Result<Response> response();
  Result<Headers> trailers();

 private:
  enum Pseudo : std::uint8_t { method, scheme, authority, path, protocol, status, pseudo_count };

  Status field(std::string_view name, std::string_view value);
  Status bound(std::string_view name, std::string_view value);
  Status pseudo(std::string_view name, std::string_view value);
  Status regular(std::string_view name, std::string_view value);
  Status content_length(std::string_view value);
  void cookie(std::string_view crumb);
  Status check_request();
  Status check_authority();
  Status check_path();
  const std::optional<std::string>& of(Pseudo which) const { return pseudo_[which]; }

  FieldBlock kind_;
  HeadLimits limits_;
  std::array<std::optional<std::string>, pseudo_count> pseudo_;
  std::optional<std::string> host_;
  Headers headers_;
  std::string cookies_;  // joined (RFC 9113 8.2.3)
  std::optional<std::uint64_t> content_length_;
  static constexpr std::size_t kBeyond = 4;
  std::size_t decoded_ = 0;  // of all fields, also after an error
  std::size_t bytes_ = 0;
  std::size_t start_bytes_ = 0;
  std::size_t count_ = 0;
  bool expect_ = false;
  bool regular_seen_ = false;
  std::optional<Error> error_;
};

// One outgoing field block. Its entries refer to the message it was made of, which must outlive them; nghttp2 copies
// them when the block is submitted. Connection-specific and framing fields are left out, as is the handshake of a
// WebSocket over HTTP/1.1. Credentials are marked so that HPACK never indexes them (RFC 7541 7.1.3).
// Errors: internal, when a field could break the message.
class OutgoingFields {
 public:
  OutgoingFields() = default;
  OutgoingFields(const OutgoingFields&) = delete;
  OutgoingFields& operator=(const OutgoingFields&) = delete;

  // `length`: the announced content-length; none is announced without. To a tunnel none may be.
  Status request(const RequestHead& head, std::optional<std::uint64_t> length);
  // `date`: of now, where the head has none; empty: none is added.
  Status response(const ResponseHead& head, std::optional<std::uint64_t> length, std::string_view date);
  Status trailers(const Headers& trailers);

  const nghttp2_nv* data() const { return all_.data(); }
  std::size_t size() const { return all_.size(); }

 private:
  void put(std::string_view name, std::string_view value, std::uint8_t flags = NGHTTP2_NV_FLAG_NONE);
  Status put(const Header& header);
  Status put_all(const Headers& headers);
  void put_length(std::uint64_t length);

  std::vector<nghttp2_nv> all_;
  std::array<char, 20> number_{};  // content-length
  std::array<char, 3> status_{};
};

}  // namespace watchword::http
