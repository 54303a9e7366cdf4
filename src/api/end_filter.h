// Which sessions an administrator ends at once.
#pragma once

#include <string>

#include "access/session.h"
#include "base/json.h"
#include "base/result.h"
#include "http/handler.h"
#include "net/task.h"

namespace watchword::api {

// Empty fields match every session.
struct EndFilter {
  std::string issuer, project, pipeline, job, user, environment, why;
  bool matches(const access::Session& session) const;
};

// The body of POST /api/v1/sessions/end. request_invalid: without a filter and without "all": true, with both, or with
// another member; so a slip of the pen does not end everything.
Result<EndFilter> end_filter_of(const Json& body);
net::Task<Result<EndFilter>> read_end_filter(http::Exchange& exchange);

}  // namespace watchword::api
