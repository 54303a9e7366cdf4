#include "envoy/xds_message.h"

#include <fmt/format.h>

#include <algorithm>

#include "proto/discovery.pb.h"

namespace watchword::envoy {
namespace {

std::optional<XdsType> type_of(std::string_view url) {
  for (const auto type : kXdsTypes)
    if (url == type_url_of(type)) return type;
  return std::nullopt;
}

std::unexpected<Error> malformed() {
  return fail(Reason::http_malformed, "bytes that are no such message", "a discovery request of Envoy's");
}

// With the counts checked before anything is copied.
template <class Names>
Status copy(const Names& from, std::vector<std::string>& into) {
  const auto fits = [](const auto& name) { return name.size() <= XdsLimits::kNameBytes; };
  if (static_cast<std::size_t>(from.size()) > XdsLimits::kNames || !std::ranges::all_of(from, fits))
    return fail(Reason::http_too_large, "more or longer names of resources",
                fmt::format("at most {} of {} bytes each", XdsLimits::kNames, XdsLimits::kNameBytes));
  into.assign(from.begin(), from.end());
  return {};
}

template <class Message>
Status read_common(Message& message, XdsRequest& request) {
  if (message.node().id().size() > XdsLimits::kNodeBytes)
    return fail(Reason::http_too_large, "a longer node id", fmt::format("at most {} bytes", XdsLimits::kNodeBytes));
  request.node = std::move(*message.mutable_node()->mutable_id());
  request.type = type_of(message.type_url());
  request.nonce = std::move(*message.mutable_response_nonce());
  if (message.has_error_detail()) request.refusal = message.error_detail().message().substr(0, XdsLimits::kErrorBytes);
  return {};
}

Result<XdsRequest> read_sotw(std::string_view bytes) {
  wire::DiscoveryRequest message;
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return malformed();
  XdsRequest request;
  WW_CHECK(read_common(message, request));
  WW_CHECK(copy(message.resource_names(), request.names));
  return request;
}

Result<XdsRequest> read_delta(std::string_view bytes) {
  wire::DeltaDiscoveryRequest message;
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return malformed();
  XdsRequest request;
  WW_CHECK(read_common(message, request));
  WW_CHECK(copy(message.resource_names_subscribe(), request.names));
  WW_CHECK(copy(message.resource_names_unsubscribe(), request.unsubscribed));
  if (message.initial_resource_versions().size() > XdsLimits::kNames)
    return fail(Reason::http_too_large, "more versions of resources", fmt::format("at most {}", XdsLimits::kNames));
  for (const auto& [name, version] : message.initial_resource_versions())
    request.has.emplace(name, version.substr(0, XdsLimits::kNameBytes));
  return request;
}

void carry(wire::Any& any, XdsType type, const XdsResource& resource) {
  any.set_type_url(type_url_of(type));
  any.set_value(resource.message.reveal().data(), resource.message.reveal().size());
}

}  // namespace

Result<XdsRequest> read_xds_request(XdsForm form, std::string_view message) {
  if (message.size() > XdsLimits::kMessage)
    return fail(Reason::http_too_large, "a larger discovery request",
                fmt::format("at most {} bytes", XdsLimits::kMessage));
  return form == XdsForm::sotw ? read_sotw(message) : read_delta(message);
}

std::string to_message(XdsForm form, const XdsResponse& response) {
  if (form == XdsForm::sotw) {
    wire::DiscoveryResponse message;
    message.set_version_info(response.version);
    message.set_type_url(type_url_of(response.type));
    message.set_nonce(response.nonce);
    for (const auto& [name, resource] : response.resources) carry(*message.add_resources(), response.type, *resource);
    auto bytes = message.SerializeAsString();
    for (auto& any : *message.mutable_resources()) wipe(*any.mutable_value());
    return bytes;
  }
  wire::DeltaDiscoveryResponse message;
  message.set_system_version_info(response.version);
  message.set_type_url(type_url_of(response.type));
  message.set_nonce(response.nonce);
  for (const auto& [name, resource] : response.resources) {
    auto& one = *message.add_resources();
    one.set_name(std::string(name));
    one.set_version(resource->version);
    carry(*one.mutable_resource(), response.type, *resource);
  }
  for (const auto& name : response.removed) message.add_removed_resources(name);
  auto bytes = message.SerializeAsString();
  for (auto& one : *message.mutable_resources()) wipe(*one.mutable_resource()->mutable_value());
  return bytes;
}

}  // namespace watchword::envoy
