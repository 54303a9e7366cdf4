// Calls a handler without a connection.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "http/handler.h"

namespace watchword::testing {

struct Call {
  std::string method = "GET";
  std::string target = "/";
  http::Headers headers = {};
  std::string body = {};
  net::Peer peer = {.address = "192.0.2.7", .port = 1234, .uid = {}, .loopback = false};
  std::string authority = "gate.example.com";
  std::size_t piece = 7;  // the body arrives in pieces of this size
  std::string scheme = "https";
};

struct Reply {
  int status = 0;  // 0: the handler sent nothing
  http::Headers headers;
  std::string body;
  http::Headers trailers = {};
  bool aborted = false;

  std::string header(std::string_view name) const;  // empty when absent
  Json json() const;                                // null when the body is no JSON
};

// Runs it to its end on a loop of its own. A message with the wrong order of begin, write and end aborts the test.
Reply call(http::Handler& handler, const Call& call);

// A form as a client would send it: percent-encoded, with its content type.
Call post_form(std::string target, const std::vector<std::pair<std::string, std::string>>& form,
               http::Headers headers = {});

}  // namespace watchword::testing
