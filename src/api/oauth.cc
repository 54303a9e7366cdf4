// The paths of the OAuth endpoints and of what is discovered about them.
#include "api/endpoints.h"
#include "api/metadata.h"
#include "api/reply.h"
#include "api/token_endpoint.h"
#include "api/token_status.h"

namespace watchword::api {
namespace {

// Far shorter than the time for which a new key is published before it signs.
const http::Headers& cached() {
  static const http::Headers headers{{"cache-control", "public, max-age=300"}};
  return headers;
}

}  // namespace

void add_oauth(Router& router, access::TokenService& service, access::Clients& clients) {
  router.add("POST", "/oauth/token", [&](http::Exchange& exchange) { return token_endpoint(service, exchange); });
  router.add("POST", "/oauth/introspect",
             [&](http::Exchange& exchange) { return introspection_endpoint(service, clients, exchange); });
  router.add("POST", "/oauth/revoke",
             [&](http::Exchange& exchange) { return revocation_endpoint(service, clients, exchange); });

  for (const auto* path : {"/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"})
    router.add("GET", path, [&](http::Exchange& exchange) {
      return send_json(exchange, 200, server_metadata(service.parts().url, *service.parts().keys.ring()), cached());
    });
  router.add("GET", "/.well-known/jwks.json", [&](http::Exchange& exchange) -> net::Task<void> {
    auto ring = service.parts().keys.ring();
    co_await send_text(exchange, "application/jwk-set+json", ring->jwks, cached());
  });
}

}  // namespace watchword::api
