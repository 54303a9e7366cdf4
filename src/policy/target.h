// The way of a proxied request to the question that policy answers: path, resource, action. The one reading of it that
// the gateway, policy tests and `policy explain` share.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "policy/policy.h"

namespace watchword::policy {

struct Target {
  const Resource* resource;  // one with http()
  // As policy and the upstream see it: without the resource's prefix, and in its plain spelling (http::normalise_path);
  // as it was sent where it is ambiguous and the resource allows that.
  std::string path;
  const std::string* action;  // null: none of the resource's covers the request
};

// `host` without port; `path` as it was sent, without query. path_ambiguous, http_malformed, host_unknown,
// method_not_allowed, upgrade_unsupported. Views into `policy`.
Result<Target> find_target(const Policy& policy, std::string_view host, std::string_view method, std::string_view path);
// action_unknown for a target without action. Apart, as the gateway tells it to those only who have shown a token.
Error no_action(const Target& target, std::string_view method);

}  // namespace watchword::policy
