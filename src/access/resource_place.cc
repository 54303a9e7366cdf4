#include "access/resource_place.h"

#include "http/uri.h"

namespace watchword::access {

std::string origin_text(std::string_view scheme, std::string_view host, std::uint16_t port) {
  std::string text(scheme);
  text += "://";
  const bool v6 = host.contains(':');
  text.append(v6 ? "[" : "").append(host).append(v6 ? "]" : "");
  const std::uint16_t usual = scheme == "https" ? 443 : 80;
  if (port != usual && port != 0) text.append(":").append(std::to_string(port));
  return text;
}

std::string url_of(const policy::Resource& resource, std::string_view gateway_url) {
  const auto* http = resource.http();
  const auto gateway = http::parse_url(gateway_url);
  if (!http || !gateway || http->host.empty()) return std::string(gateway_url) + (http ? http->prefix : "");
  return origin_text(gateway->scheme, http->host, gateway->port);
}

}  // namespace watchword::access
