// The two kinds of stream. For the .cc files of net/ only.
#pragma once

#include <memory>

#include "net/socket.h"
#include "net/stream.h"

struct ssl_st;  // OpenSSL's SSL

namespace watchword::net {

std::unique_ptr<Stream> plain_stream(std::shared_ptr<Socket> socket);

// TLS over the socket. The handshake obeys the socket's deadline. On failure: `failure` (upstream_tls_failed for a
// client, connection_closed for a server) with what was wrong, http_timeout or connection_closed.
Task<Result<std::unique_ptr<Stream>>> accept_tls(std::shared_ptr<Socket> socket,
                                                 std::shared_ptr<TlsServerContext> context);
Task<Result<std::unique_ptr<Stream>>> connect_tls(std::shared_ptr<Socket> socket,
                                                  std::shared_ptr<TlsClientContext> context, std::string host);

}  // namespace watchword::net
