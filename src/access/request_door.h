// What every way in for HTTP requests does around the door's question: it reads the credential, puts the answer on
// record, and tells a refusal.
#pragma once

#include <cstdint>
#include <string>

#include "access/flights.h"
#include "access/token_service.h"
#include "audit/entry.h"
#include "http/message.h"

namespace watchword::access {

enum class RequestRecords : std::uint8_t { batch, sync, off };  // audit: {requests: ...}

// How a client is told a refusal: problem+json; a gRPC status and no body; problem+json with the status and the
// challenge of a proxy, for CONNECT (RFC 9110 15.5.8).
enum class Speaks : std::uint8_t { http, grpc, proxy };
Speaks spoken_by(const http::RequestHead& request);

struct RefusalReply {
  http::ResponseHead head;
  std::string body;
};

// Any loop. The service outlives it.
class RequestDoor {
 public:
  RequestDoor(TokenService& service, RequestRecords records) : service_(service), records_(records) {}

  // The token that a request carries, with its proof: in authorization, or for CONNECT in proxy-authorization. For the
  // resource that `entry` names, if its clients are git or Docker, it may also be the password of Basic (RFC 7617),
  // whoever the user. The reasons of TokenService::present; request_invalid for two of either header. `entry` is told
  // whose it is; of a token that is refused, where that is certain.
  Result<TokenService::Presented> present(audit::Entry& entry, const http::RequestHead& request, Time now) const;
  // An allowed request, as `audit.requests` says. An error: it must not go on.
  net::Task<Status> put_on_record(audit::Entry entry) const;
  // A refused one. `session`: of a caller who was verified, else null; then the client learns no detail.
  Refusal refuse(audit::Entry entry, Error error, const Session* session) const;
  // One that was let through and then cut (flight.cut is set), as request_cut. `record`: of its `request`; `detail`:
  // what else the way in knows of it.
  Refusal refuse_cut(const Flight& flight, std::string_view record, const Json& detail) const;
  // RFC 9457 with what you are, the rule and the fix; RFC 6750 3, RFC 7617 2 and RFC 9449 7.1 and 9; RFC 6585 4. For
  // gRPC the same in trailers-only form (http/grpc.h).
  RefusalReply reply_to(const Refusal& refusal, Speaks client = Speaks::http) const;

 private:
  policy::HttpKind clients_of(std::string_view resource) const;
  Result<TokenService::Presented> read_credential(const audit::Entry& entry, const http::RequestHead& request,
                                                  Time now) const;
  Result<TokenService::Presented> read_password(std::string_view credentials, Time now) const;
  void describe_refused(audit::Entry& entry, const http::RequestHead& request, Time now) const;

  TokenService& service_;
  RequestRecords records_;
};

}  // namespace watchword::access
