// Whether a request to a local listener is one of this run's commands, whoever else can reach its port: other processes
// of the host, and web pages in a browser on it.
#pragma once

#include <string>

#include "base/result.h"
#include "base/secret.h"
#include "http/message.h"

namespace watchword::job {

// The run's secret as a header, where it cannot stand in the path.
inline constexpr std::string_view kRunHeader = "watchword-run";

// Where the request came in.
enum class By : std::uint8_t { tcp, unix_socket };

// Takes the secret out of the request: its path goes on with what follows, and begins with '/'. What stood there is
// returned, for addresses that are told to the caller: "/SECRET", or empty for a caller that showed it as a header.
// local_caller_refused.
Result<std::string> admit(http::RequestHead& request, const Secret& run_secret, By by);

}  // namespace watchword::job
