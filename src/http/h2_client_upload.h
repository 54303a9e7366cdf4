// Sends a request's body on an HTTP/2 stream, beside the response. Internal to the client.
#pragma once

#include <memory>
#include <optional>

#include "http/client_upload.h"
#include "http/h2_client_connection.h"

namespace watchword::http {

// Until the body or the stream ends, or upload->stopped. `length`: announced. Into a tunnel no trailers go.
net::Task<void> upload_by_h2(H2ClientConnection::Ptr connection, H2StreamPtr stream, Body* body,
                             std::shared_ptr<Upload> upload, std::optional<std::uint64_t> length, bool tunnel);

}  // namespace watchword::http
