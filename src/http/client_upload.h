// Sends a request and its body, the latter beside the wait for the answer. Internal to the client.
#pragma once

#include <coroutine>
#include <memory>
#include <optional>

#include "http/client_pool.h"

namespace watchword::http {

// Shared by the request that waits for its answer and by the task that sends the rest of its body.
struct Upload {
  bool done = true;                 // nothing is left to send
  bool stopped = false;             // the answer came first: the body is not touched again
  bool any_sent = false;            // a piece of the body was taken, so that the request cannot be repeated
  std::optional<Error> body_error;  // reading the body failed: the fault of whoever sends it
};

BodyFraming request_framing(const RequestHead& head, const Body* body);

// Sends the head, with what of the body is at hand, and starts the task for the rest. The errors are those of the
// stream, or upload->body_error.
net::Task<Status> send_request(std::shared_ptr<ClientConnection> connection, const RequestHead& head, Body* body,
                               std::shared_ptr<Upload> upload, ClientLimits limits);

}  // namespace watchword::http
