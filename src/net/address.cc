// Addresses to listen on and to connect to, as text.
#include <arpa/inet.h>
#include <sys/un.h>

#include <charconv>

#include "net/stream.h"

namespace watchword::net {

namespace {

constexpr std::string_view kForms = "HOST:PORT, [IPV6]:PORT, :PORT or unix:/PATH";

bool is_ipv6(const std::string& host) {
  in6_addr parsed{};
  return inet_pton(AF_INET6, host.c_str(), &parsed) == 1;
}

bool is_host(std::string_view host) {
  if (host.size() > 253) return false;
  for (char c : host) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!plain && c != '.' && c != '-' && c != '_') return false;
  }
  return true;
}

Result<Address> unix_address(std::string_view text, std::string_view path) {
  if (path.empty() || path.front() != '/' || path.find('\0') != path.npos)
    return fail(Reason::config_invalid, std::string(text), "unix: and an absolute path");
  if (path.size() >= sizeof(sockaddr_un::sun_path))
    return fail(Reason::config_invalid, std::string(text),
                "a socket path of at most " + std::to_string(sizeof(sockaddr_un::sun_path) - 1) + " bytes");
  return Address{.host = {}, .port = 0, .unix_path = std::string(path)};
}

}  // namespace

bool Address::loopback() const {
  if (!unix_path.empty() || host == "localhost" || host.ends_with(".localhost")) return true;  // RFC 6761 6.3
  in_addr v4{};
  if (inet_pton(AF_INET, host.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24) == 127;
  in6_addr v6{};
  return inet_pton(AF_INET6, host.c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

bool Address::literal() const {
  in_addr v4{};
  return !unix_path.empty() || is_ipv6(host) || inet_pton(AF_INET, host.c_str(), &v4) == 1;
}

Result<Address> parse_address(std::string_view text) {
  if (text.starts_with("unix:")) return unix_address(text, text.substr(5));
  const auto colon = text.rfind(':');
  if (colon == text.npos) return fail(Reason::config_invalid, std::string(text), std::string(kForms));
  Address address;
  address.host = text.substr(0, colon);
  const bool bracketed = address.host.size() >= 2 && address.host.front() == '[' && address.host.back() == ']';
  if (bracketed) address.host = address.host.substr(1, address.host.size() - 2);
  if (bracketed ? !is_ipv6(address.host) : !is_host(address.host))
    return fail(Reason::config_invalid, std::string(text), std::string(kForms));
  const std::string_view port = text.substr(colon + 1);
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), address.port);
  if (port.empty() || error != std::errc() || end != port.data() + port.size())
    return fail(Reason::config_invalid, std::string(text), "a port from 0 to 65535 after the last colon");
  return address;
}

std::string to_string(const Address& address) {
  if (!address.unix_path.empty()) return "unix:" + address.unix_path;
  const bool v6 = address.host.find(':') != std::string::npos;
  return (v6 ? "[" + address.host + "]" : address.host) + ":" + std::to_string(address.port);
}

}  // namespace watchword::net
