#include "gateway/routes.h"

#include "base/file.h"
#include "gateway/redact.h"

namespace watchword::gateway {
namespace {

Error about(Error error, const policy::Resource& resource) {
  error.where = "resource " + resource.name() + (error.where.empty() ? "" : ": " + error.where);
  return error;
}

Result<Route> route_to(const policy::Resource& resource, const policy::HttpTarget& target) {
  Route route;
  route.resource = &resource;
  WW_TRY(route.upstream, Upstream::make(target));
  route.origin = route.upstream->origin(0);
  route.remove = target.remove_response_headers;
  for (const auto& wanted : target.inject) {
    WW_TRY(auto secret, resolve_secret(wanted.secret));
    std::string value = wanted.prefix;
    value += secret.reveal();
    route.inject.push_back({wanted.name, Secret(std::move(value))});
    if (target.redact) add_redacted(wanted.prefix, secret, route.redact);
  }
  if (target.redact && route.redact.empty())
    return fail(Reason::config_invalid, "'redact' of values that are all too short to be told from other text",
                "an injected value of at least " + std::to_string(kShortestRedacted) + " bytes");
  return route;
}

}  // namespace

std::expected<std::shared_ptr<const Routes>, std::vector<Error>> Routes::make(
    std::shared_ptr<const policy::Policy> policy) {
  auto routes = std::make_shared<Routes>();
  std::vector<Error> errors;
  for (const auto* resource : policy->resources()) {
    const auto* target = resource->http();
    if (!target) continue;
    auto route = route_to(*resource, *target);
    if (route)
      routes->routes_.emplace(resource, *std::move(route));
    else
      errors.push_back(about(std::move(route).error(), *resource));
  }
  if (!errors.empty()) return std::unexpected(std::move(errors));
  routes->policy_ = std::move(policy);
  return routes;
}

std::vector<const Route*> Routes::all() const {
  std::vector<const Route*> all;
  for (const auto& [resource, route] : routes_) all.push_back(&route);
  return all;
}

void Routes::retire() const {
  for (const auto& [resource, route] : routes_) route.upstream->retire();
}

const Route* Routes::find(const policy::Resource& resource) const {
  auto found = routes_.find(&resource);
  return found == routes_.end() ? nullptr : &found->second;
}

}  // namespace watchword::gateway
