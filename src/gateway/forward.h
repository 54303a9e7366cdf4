// What crosses the proxy: the request head as the backend gets it, the response head as the client gets it.
#pragma once

#include <string>
#include <string_view>

#include "gateway/routes.h"
#include "http/handler.h"
#include "http/message.h"
#include "net/stream.h"

namespace watchword::gateway {

// Who the backend is told is calling.
struct Introduction {
  std::string assertion, traceparent, request_id;
};

// Removed: hop-by-hop headers (RFC 9110 7.6.1), the job's credential, every header with which backends are told an
// identity, and names with '_' (CGI-like backends read them as '-'). `target`: the normalised path and the query.
http::RequestHead to_upstream(http::RequestHead request, const net::Peer& peer, std::string target, const Route& route,
                              const Introduction& introduction);
// The request's body as the backend gets it: as it is, but for trailers that would be read as headers of the gate's.
// Borrows all; counts what passes.
class UpstreamBody final : public http::Body {
 public:
  UpstreamBody(http::Body& body, const Route& route, std::uint64_t& bytes)
      : body_(body), route_(route), bytes_(bytes) {}
  net::Task<Result<std::string_view>> next() override;
  bool ready() const override { return body_.ready(); }
  std::optional<std::uint64_t> length() const override { return body_.length(); }
  const http::Headers& trailers() const override { return trailers_; }

 private:
  http::Body& body_;
  const Route& route_;
  std::uint64_t& bytes_;
  http::Headers trailers_;
};

http::ResponseHead to_client(http::ResponseHead response);
void remove_hop_by_hop(http::Headers& headers);

}  // namespace watchword::gateway
