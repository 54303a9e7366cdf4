// Envoy's access log service (envoy.service.accesslog.v3): what became of the requests that the door let through. Each
// entry that names the record of its decision becomes one entry of the audit log, `request_done`.
// For Envoy alone: whoever may call here can say of any record whose id he knows how its request ended, and nothing
// else. An id is told to Envoy only, in the metadata of its answer; 80 bits of it are random.
#pragma once

#include <memory>
#include <string_view>

#include "access/request_door.h"
#include "access/token_service.h"
#include "http/handler.h"

namespace watchword::envoy {

inline constexpr std::string_view kAccessLog = "/envoy.service.accesslog.v3.AccessLogService/StreamAccessLogs";

// Any loop; the service outlives it. A message's entries are written together, and the next message is read when they
// are on disk: an Envoy that is faster than the store waits, and drops what it cannot hold.
class AccessLogService : public http::Handler {
 public:
  // `records`: with off nothing is written.
  static std::unique_ptr<AccessLogService> make(access::TokenService& service, access::RequestRecords records);
  // Ends the streams, which have no end by themselves, and takes no more. Any thread, once.
  virtual void stop() = 0;
};

}  // namespace watchword::envoy
