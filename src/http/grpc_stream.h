// One gRPC call with messages in both directions, from the server's side (the gRPC project's doc/PROTOCOL-HTTP2.md).
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "http/grpc.h"
#include "http/handler.h"
#include "net/task.h"

namespace watchword::http {

// On the exchange's loop, and within its life. One coroutine reads; send() and finish() may come from another of the
// same loop, but not while one of them is still awaited.
class GrpcStream {
 public:
  GrpcStream(Exchange& exchange, std::size_t max_message) : exchange_(exchange), messages_(max_message) {}

  // The caller's next message; nullopt: it has sent all. The errors of Body::next() and GrpcMessages::next(), and
  // http_malformed when it ends within a message. Waits as long as the server's limits let it.
  net::Task<Result<std::optional<std::string>>> next();
  // Begins the response with its first message. An error: the caller has gone.
  net::Task<Status> send(std::string_view message);
  // Ends the call with its status. Once; after that nothing is sent. `reason`: for people, any text.
  net::Task<Status> finish(GrpcCode code, std::string_view reason = {});

 private:
  Exchange& exchange_;
  GrpcMessages messages_;
};

}  // namespace watchword::http
