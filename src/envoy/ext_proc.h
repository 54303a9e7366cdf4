// Envoy's ext_proc filter as one more adapter of the door: one call for each request decides and then holds it. Envoy
// keeps the call open for as long as the request runs; ending it with anything but OK ends the request, so that what a
// session had under way ends with it. docs/decisions/0008-ext-proc-decides-and-holds.md.
#pragma once

#include <memory>

#include "access/assertion.h"
#include "access/flights.h"
#include "access/request_door.h"
#include "access/token_service.h"
#include "http/handler.h"

namespace watchword::envoy {

inline constexpr std::string_view kProcess = "/envoy.service.ext_proc.v3.ExternalProcessor/Process";

// Over gRPC. For Envoy alone: whoever asks gets the assertion that backends believe. On the loops of `flights`; the
// parts outlive it.
class ExtProc : public http::Handler {
 public:
  static std::unique_ptr<ExtProc> make(access::TokenService& service, access::Assertions& assertions,
                                       access::LiveFlights& flights, access::RequestRecords records);
};

}  // namespace watchword::envoy
