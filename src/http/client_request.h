// One request over HTTP/1.1, and what requests of both versions have in common. Internal to the client.
#pragma once

#include <memory>

#include "http/client_pool.h"

namespace watchword::http {

inline constexpr int kInterimResponses = 16;  // 1xx before the final one

// What went wrong towards the backend, in the words of its reasons.
Error upstream_error(const Error& error, const net::Address& address);

inline bool is_cut(const Abort* abort) { return abort != nullptr && abort->fired(); }
inline std::unexpected<Error> cut() { return fail(Reason::connection_closed, "the request was cut"); }

// As Client::send, on connections of the pool.
net::Task<Result<std::unique_ptr<ClientResponse>>> send_by_h1(std::shared_ptr<ClientPool> pool, RequestHead head,
                                                              Body* body, Abort* abort);

}  // namespace watchword::http
