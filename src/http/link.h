// Web links in a response's head (RFC 8288 3), as far as paging needs them.
#pragma once

#include <string>
#include <string_view>

namespace watchword::http {

// The target of the first link whose relation types hold "next", as it stands in the header; empty when there is none.
// `link`: all values of the Link header, joined by commas. What follows a part that is no link is not read.
std::string next_link(std::string_view link);

}  // namespace watchword::http
