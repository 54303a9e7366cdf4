// Sends a request and its body, the latter beside the answer. Internal to the client.
#pragma once

#include <coroutine>
#include <memory>
#include <optional>

#include "http/client_pool.h"

namespace watchword::http {

// Shared by the request, its response and the task that sends the rest of the body.
struct Upload {
  bool done = true;                 // nothing is left to send
  bool answered = false;            // the response's head has come: its limits of time hold from now on
  bool stopped = false;             // the response has gone: the body is not touched again
  bool any_sent = false;            // a piece of the body was taken, so that the request cannot be repeated
  std::optional<Error> body_error;  // reading the body failed: the fault of whoever sends it
};

BodyFraming request_framing(const RequestHead& head, const Body* body);

// Sends the head, with what of the body is at hand, and starts the task for the rest. The errors are those of the
// stream, or upload->body_error.
net::Task<Status> send_request(std::shared_ptr<ClientConnection> connection, const RequestHead& head, Body* body,
                               std::shared_ptr<Upload> upload, ClientLimits limits);
// The same for a request that wants a tunnel: the head only, as what follows would be read as requests where the tunnel
// is not granted. `key`: of the upgrade.
net::Task<Status> ask_for_tunnel(std::shared_ptr<ClientConnection> connection, const RequestHead& head,
                                 std::string_view key, std::shared_ptr<Upload> upload, ClientLimits limits);
// Once it is granted: sends the body as it is, and its end as the end of our side.
void send_into_tunnel(std::shared_ptr<ClientConnection> connection, Body* body, std::shared_ptr<Upload> upload,
                      ClientLimits limits);

}  // namespace watchword::http
