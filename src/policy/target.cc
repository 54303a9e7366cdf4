#include "policy/target.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "http/uri.h"
#include "policy/tcp_resource.h"

namespace watchword::policy {
namespace {

// Backends that fold the case of methods would read another method than policy did; TRACE would show the job the
// credentials that are injected.
bool plain_method(std::string_view method) {
  return !method.empty() && method != "TRACE" &&
         std::ranges::none_of(method, [](char c) { return c >= 'a' && c <= 'z'; });
}

Status check_form(const Request& request) {
  if (!plain_method(request.method))
    return fail(Reason::method_not_allowed, std::string(request.method), "a method in upper case, not TRACE");
  if (request.method == "CONNECT") return fail(Reason::upgrade_unsupported, std::string(request.method));
  if (request.protocol.empty()) return {};
  if (request.protocol != "websocket")
    return fail(Reason::upgrade_unsupported, std::string(request.protocol), "websocket");
  if (request.method != "GET")
    return fail(Reason::method_not_allowed, fmt::format("{} to open a WebSocket", request.method), "GET");
  return {};
}

// `path`: as the resource takes it, with its prefix.
Result<Target> find_action(const Resource& resource, const Request& request, std::string path) {
  WW_CHECK(check_form(request));
  Target target{&resource, std::move(path), nullptr};
  if (const auto& prefix = resource.http()->prefix; !prefix.empty()) {
    target.path.erase(0, prefix.size());
    if (target.path.empty()) target.path = "/";
  }
  target.action = resource.action_for({request.host, request.method, target.path, request.protocol});
  return target;
}

}  // namespace

Result<Target> find_target(const Policy& policy, const Request& request) {
  auto normal = http::normalise_path(request.path);
  // A path that can be read in two ways has no prefix that is certain: it reaches a resource by its host only.
  const Resource* resource = policy.resource_for(request.host, normal ? *normal : "/");
  const HttpTarget* http = resource != nullptr ? resource->http() : nullptr;
  if (!normal && (http == nullptr || !http->allow_ambiguous_paths)) return std::unexpected(std::move(normal).error());
  if (http == nullptr)
    return fail(Reason::host_unknown, std::string(request.host), "a host name or path prefix of a resource");
  return find_action(*resource, request, normal ? *std::move(normal) : std::string(request.path));
}

Result<Target> find_target_of(const Resource& resource, const Request& request) {
  const HttpTarget* http = resource.http();
  if (http == nullptr) return fail(Reason::resource_unknown, resource.name(), "a resource with http");
  auto normal = http::normalise_path(request.path);
  if (!normal && !http->allow_ambiguous_paths) return std::unexpected(std::move(normal).error());
  std::string path = normal ? *std::move(normal) : std::string(request.path);
  const auto& prefix = http->prefix;
  if (!path.starts_with(prefix) || (!prefix.empty() && path.size() > prefix.size() && path[prefix.size()] != '/'))
    return fail(Reason::host_unknown, path, "a path below " + prefix);
  return find_action(resource, request, std::move(path));
}

Error no_action(const Target& target, const Request& request) {
  const bool ordinary = request.protocol.empty();
  return {Reason::action_unknown,
          fmt::format("{} {}", ordinary ? request.method : request.protocol, target.path),
          fmt::format("{} of an action of {}", ordinary ? "a method and path" : "a 'websocket' path",
                      target.resource->name()),
          {},
          {}};
}

Result<Target> find_tunnel(const Policy& policy, std::string_view authority) {
  const auto asked = http::parse_authority(authority);
  const Resource* resource = asked ? policy.resource(ascii_lower(asked->host)) : nullptr;
  const TcpTarget* tcp = resource != nullptr ? resource->tcp() : nullptr;
  if (tcp == nullptr)
    return fail(Reason::host_unknown, std::string(authority), "the name of a tcp resource and its upstream's port");
  if (asked->port != tcp->port)
    return std::unexpected(Error{Reason::host_unknown,
                                 std::string(authority),
                                 fmt::format("{}:{}, with the port of its upstream", resource->name(), tcp->port),
                                 {},
                                 "ask for that port"});
  return Target{resource, {}, resource->actions().data()};
}

std::optional<std::string> grpc_path(std::string_view method, std::string_view wildcards) {
  constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
  const auto slash = method.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const auto name = [&](std::string_view text) {
    return !text.empty() &&
           std::ranges::all_of(text, [&](char c) { return kLetters.contains(c) || wildcards.contains(c); });
  };
  if (!name(method.substr(slash + 1)) || !std::ranges::all_of(split(method.substr(0, slash), '.'), name))
    return std::nullopt;
  return "/" + std::string(method);
}

}  // namespace watchword::policy
