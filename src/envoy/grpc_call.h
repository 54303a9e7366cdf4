// What every service of Envoy's asks first: is this a call of mine?
#pragma once

#include <string_view>

#include "http/handler.h"

namespace watchword::envoy {

bool calls(const http::RequestHead& request, std::string_view method);  // "/package.Service/Method"
// 404, to whatever is no call of `method`.
net::Task<void> answer_no_call(http::Exchange& exchange, std::string_view method);

}  // namespace watchword::envoy
