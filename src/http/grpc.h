// gRPC over HTTP/2 (the gRPC project's doc/PROTOCOL-HTTP2.md): length-prefixed messages, statuses, refusals.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "http/handler.h"
#include "http/message.h"
#include "net/task.h"

namespace watchword::http {

enum class GrpcCode : std::uint8_t {  // doc/statuscodes.md
  ok = 0,
  invalid_argument = 3,
  deadline_exceeded = 4,
  not_found = 5,
  permission_denied = 7,
  resource_exhausted = 8,
  unimplemented = 12,
  internal = 13,
  unavailable = 14,
  unauthenticated = 16,
};
GrpcCode grpc_code(Reason reason);

// content-type application/grpc, alone or with a format (+proto). Not grpc-web, which is another protocol.
bool is_grpc(const Headers& headers);

// Cuts a body into its messages. Sans-I/O: feed() pieces as they arrive, and take all that next() has after each.
class GrpcMessages {
 public:
  explicit GrpcMessages(std::size_t max_bytes) : max_bytes_(max_bytes) {}
  void feed(std::string_view piece) { input_.append(piece); }
  // The next message; nullopt: more must be fed. http_too_large as soon as the length says so; http_malformed for a
  // compressed message (none is accepted) or unknown flags. After an error the body is not to be read on.
  Result<std::optional<std::string>> next();
  bool between() const { return input_.empty(); }  // the body may end here

 private:
  std::size_t max_bytes_;
  std::string input_;
};

// The one message of a unary call; what is beside it is http_malformed. The errors of read_all, too.
net::Task<Result<std::string>> read_grpc_message(Body& body, std::size_t max_bytes, net::Steady::duration within);
std::string grpc_frame(std::string_view message);  // at most 4 GiB
// The same without a copy: the message stands behind kGrpcPrefix bytes, which this writes.
inline constexpr std::size_t kGrpcPrefix = 5;  // flags, length as four bytes, big-endian
void set_grpc_prefix(std::string& frame);
// The value of grpc-message: "Percent-Encoded" there, all but printable ASCII, and '%'.
std::string encode_grpc_message(std::string_view text);

// A refusal as a trailers-only answer: status 200, grpc-status, grpc-message with the reason, grpc-status-details-bin
// with google.rpc.Status{ErrorInfo}, whose metadata are the members of `problem` (http/problem.h) that are text. Send
// it with an empty body, so that its head ends the stream. `extra`: further headers.
ResponseHead grpc_refusal(Reason reason, const Json& problem, Headers extra = {});
net::Task<Status> send_grpc_refusal(Writer& reply, const Error& error);  // to a caller whom nobody verified

}  // namespace watchword::http
