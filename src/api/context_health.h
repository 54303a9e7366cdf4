// How a gate's live context does, issuer by issuer: for GET /api/v1/context.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace watchword::api {

struct ContextHealth {
  std::string issuer;
  bool asked = false;  // by its API: it has an api_token
  std::optional<Time> last_answer;
  std::optional<Error> trouble;   // why the last question failed
  bool heard = false;             // by webhook: it has a webhook_secret
  std::uint64_t disagreeing = 0;  // facts of events that the API contradicted, since the start
  struct Project {
    std::string id, path;            // path: as an open session's token names it; or empty
    std::optional<Time> last_event;  // by webhook
    std::size_t sessions = 0;        // open ones
    bool silent = false;             // has open sessions, and for longer than max_age nothing was heard of it
  };
  std::vector<Project> projects;  // with open sessions, or heard of
};

}  // namespace watchword::api
