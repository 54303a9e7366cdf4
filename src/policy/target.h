// The way of a request to the question that policy answers: resource, path, action. The one reading of it that the
// gateway, policy tests and `policy explain` share.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "policy/policy.h"

namespace watchword::policy {

struct Target {
  const Resource* resource;
  // As policy and the upstream see it: without the resource's prefix, and in its plain spelling (http::normalise_path);
  // as it was sent where it is ambiguous and the resource allows that. Empty for a tunnel.
  std::string path;
  const std::string* action;  // null: none of the resource's covers the request
};

// An HTTP request, its path as it was sent: a resource with http(). path_ambiguous, http_malformed, host_unknown,
// method_not_allowed, upgrade_unsupported (CONNECT, or a protocol that is not websocket). Views into `policy`.
Result<Target> find_target(const Policy& policy, const Request& request);
// The same for a resource that whoever asks has chosen by other means (Envoy's route): its host is not asked for, its
// prefix is. resource_unknown when it has no http().
Result<Target> find_target_of(const Resource& resource, const Request& request);
// action_unknown for a target without action. Apart, as the gateway tells it to those only who have shown a token.
Error no_action(const Target& target, const Request& request);

// CONNECT to NAME:PORT, the name of a resource with tcp() and its upstream's port: always with an action. host_unknown.
Result<Target> find_tunnel(const Policy& policy, std::string_view authority);

// The path of a gRPC method: "/acme.billing.v1.Billing/Get" for "acme.billing.v1.Billing/Get". nullopt for what is no
// service and method, each of which may hold `wildcards` too.
std::optional<std::string> grpc_path(std::string_view method, std::string_view wildcards = {});

}  // namespace watchword::policy
