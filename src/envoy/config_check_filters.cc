// Of filters behind the one that asks: that the request which was decided on is the one that is forwarded.
#include <algorithm>
#include <array>
#include <span>

#include "envoy/config_check_parts.h"

namespace watchword::envoy {
namespace {

// Known to change neither method, path, host nor headers that tell who calls, nor to choose the route anew.
constexpr std::array<std::string_view, 4> kHarmless = {"envoy.extensions.filters.http.router.v3.Router",
                                                       "envoy.extensions.filters.http.buffer.v3.Buffer",
                                                       "envoy.extensions.filters.http.compressor.v3.Compressor",
                                                       "envoy.extensions.filters.http.grpc_stats.v3.FilterConfig"};
// What this program renders, in an upstream's chain.
constexpr std::array<std::string_view, 2> kHarmlessUpstream = {
    "envoy.extensions.filters.http.credential_injector.v3.CredentialInjector",
    "envoy.extensions.filters.http.upstream_codec.v3.UpstreamCodec"};

bool is_one_of(const Json& filter, std::span<const std::string_view> types) {
  const Json* config = filter.find("typed_config");
  const auto type = config != nullptr ? config->string_or("@type", "") : std::string_view();
  return std::ranges::find(types, type.substr(type.rfind('/') + 1)) != types.end();
}

void refuse(const Json& filter, const std::string& where, Findings& findings) {
  findings.add(where, "the filter " + name_of(filter) + " after the gate has decided",
               "before the filter that asks, or not at all",
               "it may change the request, or its route, to what nobody decided on");
}

void check_list(const Json* filters, const std::string& where, Findings& findings) {
  for (const Json& filter : items(filters))
    if (!is_one_of(filter, kHarmlessUpstream)) refuse(filter, where, findings);
}

}  // namespace

void check_later_filters(const Json& manager, const Json* asks, const std::string& where, Findings& findings) {
  bool later = false;
  for (const Json& filter : items(manager.find("http_filters"))) {
    if (later && !is_one_of(filter, kHarmless)) refuse(filter, where, findings);
    if (later) check_list(at(filter, {"typed_config", "upstream_http_filters"}), where, findings);
    later = later || &filter == asks;
  }
}

void check_upstream_filters(const Json& cluster, Findings& findings) {
  const Json* options =
      at(cluster, {"typed_extension_protocol_options", "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"});
  if (options != nullptr) check_list(options->find("http_filters"), "cluster " + name_of(cluster), findings);
}

}  // namespace watchword::envoy
