#include "job/gate_proxy.h"

#include <cstdlib>
#include <optional>
#include <utility>

#include "base/encoding.h"
#include "base/text.h"
#include "http/uri.h"
#include "net/http_proxy.h"

namespace watchword::job {
namespace {

constexpr std::uint16_t kHttpPort = 80;

std::string first_of(const char* one, const char* other) {
  for (const char* variable : {one, other})
    if (const char* value = std::getenv(variable); value != nullptr && *value != '\0') return value;
  return {};
}

// The URL may hold a password: no error quotes it.
std::unexpected<Error> unusable() {
  return std::unexpected(Error{Reason::usage_invalid, "a proxy that cannot be used",
                               "http://[USER:PASSWORD@]HOST[:PORT]", "HTTPS_PROXY",
                               "mend HTTPS_PROXY, or name the gate's host in NO_PROXY"});
}

bool is_within(std::string_view host, std::string_view domain) {
  if (domain.starts_with("*.")) domain.remove_prefix(1);
  if (domain.starts_with('.')) domain.remove_prefix(1);
  if (domain.empty() || host.size() < domain.size() || !host.ends_with(domain)) return false;
  return host.size() == domain.size() || host[host.size() - domain.size() - 1] == '.';
}

bool needs_none(const net::Address& to, const std::string& none) {
  for (const auto part : split(none, ',')) {
    const auto entry = ascii_lower(trim(part));
    if (entry == "*" || entry == to.host || is_within(to.host, entry)) return true;
    const auto authority = http::parse_authority(entry);
    if (authority && authority->port == to.port && is_within(to.host, authority->host)) return true;
  }
  return false;
}

// RFC 7617.
std::optional<std::string> basic(std::string_view user_info) {
  const auto colon = user_info.find(':');
  const auto user = http::percent_decode(user_info.substr(0, colon));
  const auto password =
      http::percent_decode(colon == std::string_view::npos ? std::string_view() : user_info.substr(colon + 1));
  if (!user || !password) return std::nullopt;
  const auto pair = *user + ":" + *password;
  return "Basic " + to_base64(as_bytes(pair));
}

}  // namespace

ProxySettings ProxySettings::of_environment() {
  return {.proxy = first_of("https_proxy", "HTTPS_PROXY"), .none = first_of("no_proxy", "NO_PROXY")};
}

Result<http::Origin> by_proxy(http::Origin origin, const ProxySettings& settings) {
  if (settings.proxy.empty() || origin.scheme != "https" || origin.address.loopback() ||
      needs_none(origin.address, settings.none))
    return origin;
  std::string_view rest = settings.proxy;
  if (const auto scheme = rest.find("://"); scheme != std::string_view::npos) {
    if (!ascii_iequals(rest.substr(0, scheme), "http")) return unusable();
    rest.remove_prefix(scheme + 3);
  }
  if (rest.ends_with('/')) rest.remove_suffix(1);
  std::string authorization;
  if (const auto at = rest.rfind('@'); at != std::string_view::npos) {
    auto credentials = basic(rest.substr(0, at));
    if (!credentials) return unusable();
    authorization = *std::move(credentials);
    rest.remove_prefix(at + 1);
  }
  const auto authority = http::parse_authority(rest);
  if (!authority) return unusable();
  auto host = authority->host;
  if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
  net::Dial dial{.permit = {}, .preface = net::proxy_preface(origin.address.host, origin.address.port, authorization)};
  origin.address = {.host = std::string(host),
                    .port = authority->port.value_or(kHttpPort),
                    .dial = std::make_shared<const net::Dial>(std::move(dial))};
  return origin;
}

std::unique_ptr<http::Client> client_towards(const http::Origin& origin,
                                             const std::shared_ptr<net::TlsClientContext>& tls,
                                             http::ClientLimits limits) {
  return http::Client::make(by_proxy(origin, ProxySettings::of_environment()).value_or(origin), tls, limits);
}

}  // namespace watchword::job
