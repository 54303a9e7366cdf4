#include "envoy/services.h"

#include <algorithm>

namespace watchword::envoy {

net::Task<void> Services::handle(http::Exchange& exchange) {
  const auto fits = [&](const Service& service) { return exchange.request.target.starts_with(service.path); };
  const auto found = std::ranges::find_if(services_, fits);
  co_await (found == services_.end() ? services_.back() : *found).handler->handle(exchange);
}

}  // namespace watchword::envoy
