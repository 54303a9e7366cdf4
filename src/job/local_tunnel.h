// A listening port whose connections go through the gate to a TCP resource (CONNECT, RFC 9110 9.3.6).
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "http/client.h"
#include "job/access.h"
#include "net/stream.h"

namespace watchword::job {

class LocalTunnel {
 public:
  struct Towards {
    http::Origin gateway;
    std::shared_ptr<net::TlsClientContext> tls;  // null: plain
    std::string authority;                       // resource and port, as CONNECT names them
    Holder& holder;                              // learns the gateway's nonces
    const Access& access;                        // has a token; both outlive the tunnel
    // The gate refused a connection, or with status 0 gave no answer, and the body says why, or cut it, and the body is
    // null. Called on the tunnel's thread.
    std::function<void(const Reply& refusal)> on_trouble;
    // Asked about each connection as it comes; false closes it. Null: all are taken.
    std::function<bool(const net::Peer& peer)> admit = {};
  };
  static Result<std::unique_ptr<LocalTunnel>> start(const net::Address& listen, Towards towards);
  virtual ~LocalTunnel() = default;  // cuts what is under way
  virtual net::Address address() const = 0;
};

}  // namespace watchword::job
