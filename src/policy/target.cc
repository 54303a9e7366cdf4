#include "policy/target.h"

#include <algorithm>

#include "http/uri.h"

namespace watchword::policy {
namespace {

// Backends that fold the case of methods would read another method than policy did; TRACE would show the job the
// credentials that are injected.
bool plain_method(std::string_view method) {
  return !method.empty() && method != "TRACE" &&
         std::ranges::none_of(method, [](char c) { return c >= 'a' && c <= 'z'; });
}

}  // namespace

Result<Target> find_target(const Policy& policy, std::string_view host, std::string_view method,
                           std::string_view path) {
  auto normal = http::normalise_path(path);
  // A path that can be read in two ways has no prefix that is certain: it reaches a resource by its host only.
  const Resource* resource = policy.resource_for(host, normal ? *normal : "/");
  const HttpTarget* http = resource != nullptr ? resource->http() : nullptr;
  if (!normal && (http == nullptr || !http->allow_ambiguous_paths)) return std::unexpected(std::move(normal).error());
  if (http == nullptr) return fail(Reason::host_unknown, std::string(host), "a host name or path prefix of a resource");
  if (!plain_method(method))
    return fail(Reason::method_not_allowed, std::string(method), "a method in upper case, not TRACE");
  if (method == "CONNECT") return fail(Reason::upgrade_unsupported, std::string(method));
  Target target{resource, normal ? *std::move(normal) : std::string(path), nullptr};
  if (!http->prefix.empty()) {
    target.path.erase(0, http->prefix.size());
    if (target.path.empty()) target.path = "/";
  }
  target.action = resource->action_for(method, target.path);
  return target;
}

Error no_action(const Target& target, std::string_view method) {
  return {Reason::action_unknown,
          std::string(method) + " " + target.path,
          "a method and path of an action of " + target.resource->name(),
          {},
          {}};
}

}  // namespace watchword::policy
