// The forward proxy that a runner's network may demand (HTTPS_PROXY, NO_PROXY), towards the gate and its gateway.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "http/client.h"

namespace watchword::job {

struct ProxySettings {
  std::string proxy;  // http://[USER:PASSWORD@]HOST[:PORT], or without the scheme; empty: none
  std::string none;   // hosts that are reached without it: names, ".domain", addresses, each perhaps with :PORT; or *
  // $https_proxy or $HTTPS_PROXY; $no_proxy or $NO_PROXY.
  static ProxySettings of_environment();
};

// The same origin by way of the proxy; unchanged for http, for loopback and for the hosts that need none. usage_invalid
// for a proxy that is no http:// URL.
Result<http::Origin> by_proxy(http::Origin origin, const ProxySettings& settings);

// A client of the gate or its gateway by the environment's proxy. One that cannot be used was told by make_holder().
std::unique_ptr<http::Client> client_towards(const http::Origin& origin,
                                             const std::shared_ptr<net::TlsClientContext>& tls,
                                             http::ClientLimits limits = {});

}  // namespace watchword::job
