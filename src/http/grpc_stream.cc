#include "http/grpc_stream.h"

#include <utility>

#include "base/secret.h"

namespace watchword::http {

net::Task<Result<std::optional<std::string>>> GrpcStream::next() {
  while (true) {
    WW_CO_TRY(auto message, messages_.next());
    if (message) co_return message;
    WW_CO_TRY(const auto piece, co_await exchange_.body.next());
    if (!piece.empty()) {
      messages_.feed(piece);
    } else if (messages_.between()) {
      co_return std::nullopt;
    } else {
      co_return fail(Reason::http_malformed, "the end within a message", "whole gRPC messages");
    }
  }
}

net::Task<Status> GrpcStream::send(std::string_view message) {
  auto frame = grpc_frame(message);
  const Status sent = exchange_.reply.begun()
                          ? co_await exchange_.reply.write(frame)
                          : co_await exchange_.reply.begin_with({200, {{"content-type", "application/grpc"}}}, frame);
  wipe(frame);  // a control plane's messages hold keys
  co_return sent;
}

net::Task<Status> GrpcStream::finish(GrpcCode code, std::string_view reason) {
  Headers status{{"grpc-status", std::to_string(std::to_underlying(code))}};
  if (!reason.empty()) status.set("grpc-message", encode_grpc_message(reason));
  if (exchange_.reply.begun()) co_return co_await exchange_.reply.end(std::move(status));
  status.set("content-type", "application/grpc");
  co_return co_await exchange_.reply.send({200, std::move(status)}, {});
}

}  // namespace watchword::http
