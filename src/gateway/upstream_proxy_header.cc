#include "gateway/upstream_proxy_header.h"

#include <arpa/inet.h>

#include <array>

namespace watchword::gateway {
namespace {

constexpr std::string_view kSignature("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr char kLocal = '\x20', kProxy = '\x21';                       // version 2 and the command
constexpr char kUnspecified = '\x00', kTcp4 = '\x11', kTcp6 = '\x21';  // address family and transport

std::string header(char command, char family, std::string_view source) {
  const std::size_t length = source.empty() ? 0 : 2 * source.size() + 4;  // addresses and ports of both sides
  std::string text(kSignature);
  text += command;
  text += family;
  text += '\0';
  text += static_cast<char>(length);
  text += source;
  text.append(length - source.size(), '\0');
  return text;
}

}  // namespace

std::string proxy_header(std::string_view client) {
  if (client.starts_with('[') && client.ends_with(']')) client = client.substr(1, client.size() - 2);
  const std::string text(client);
  std::array<char, 16> ip{};
  if (inet_pton(AF_INET, text.c_str(), ip.data()) == 1) return header(kProxy, kTcp4, {ip.data(), 4});
  if (inet_pton(AF_INET6, text.c_str(), ip.data()) == 1) return header(kProxy, kTcp6, {ip.data(), 16});
  return header(kLocal, kUnspecified, {});
}

}  // namespace watchword::gateway
