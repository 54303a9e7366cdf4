// One request over HTTP/2. Internal to the client.
#pragma once

#include <memory>

#include "http/h2_client_pool.h"

namespace watchword::http {

// As Client::send, on connections of the pool.
net::Task<Result<std::unique_ptr<ClientResponse>>> send_by_h2(std::shared_ptr<H2ClientPool> pool, RequestHead head,
                                                              Body* body, Abort* abort);

}  // namespace watchword::http
