// What crosses the proxy: the request head as the backend gets it, the response head as the client gets it.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "gateway/proxied.h"
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
// identity, and names with '_' (CGI-like backends read them as '-'). Where answers are redacted they are asked for
// whole and as they are: without encoding and ranges. `target`: the normalised path and the query.
http::RequestHead to_upstream(http::RequestHead request, const net::Peer& peer, std::string target, const Route& route,
                              const Introduction& introduction);
// The request's body as the backend gets it: as it is, but for trailers that would be read as headers of the gate's.
// Counted by the flight. `body` must live until a next() that was awaited has returned; this and the flight need not: a
// backend that answers early leaves one waiting.
class UpstreamBody final : public http::Body {
 public:
  UpstreamBody(http::Body& body, std::shared_ptr<const Route> route, ProxiedFlight& flight)
      : body_(body), passed_(std::make_shared<Passed>(std::move(route), &flight)) {}
  UpstreamBody(const UpstreamBody&) = delete;
  UpstreamBody& operator=(const UpstreamBody&) = delete;
  ~UpstreamBody() override { passed_->flight = nullptr; }
  net::Task<Result<std::string_view>> next() override { return next(body_, passed_); }
  bool ready() const override { return body_.ready(); }
  std::optional<std::uint64_t> length() const override { return body_.length(); }
  const http::Headers& trailers() const override { return passed_->trailers; }

 private:
  struct Passed {
    Passed(std::shared_ptr<const Route> its_route, ProxiedFlight* its_flight)
        : route(std::move(its_route)), flight(its_flight) {}
    std::shared_ptr<const Route> route;
    ProxiedFlight* flight;  // null once it is over
    http::Headers trailers;
  };
  static net::Task<Result<std::string_view>> next(http::Body& body, std::shared_ptr<Passed> passed);

  http::Body& body_;
  std::shared_ptr<Passed> passed_;
};

// The response head as the client gets it: without hop-by-hop headers and those that the resource removes, and with
// what is redacted masked.
http::ResponseHead to_client(http::ResponseHead response, const Route& route);
http::Headers trailers_to_client(http::Headers trailers, const Route& route);

}  // namespace watchword::gateway
