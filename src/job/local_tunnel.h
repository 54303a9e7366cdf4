// A listening port whose connections go through the gate to a TCP resource (CONNECT, RFC 9110 9.3.6).
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/published.h"
#include "base/result.h"
#include "base/secret.h"
#include "http/client.h"
#include "net/stream.h"

namespace watchword::job {

class LocalTunnel {
 public:
  struct Towards {
    http::Origin gateway;
    std::shared_ptr<net::TlsClientContext> tls;  // null: plain
    std::string authority;                       // resource and port, as CONNECT names them
    const Published<Secret>& token;              // the access token; outlives the tunnel
    std::function<void()> on_trouble;            // the gate refused or cut a connection; called on the tunnel's thread
  };
  static Result<std::unique_ptr<LocalTunnel>> start(const net::Address& listen, Towards towards);
  virtual ~LocalTunnel() = default;  // cuts what is under way
  virtual net::Address address() const = 0;
};

}  // namespace watchword::job
