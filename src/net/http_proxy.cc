#include "net/http_proxy.h"

namespace watchword::net {
namespace {

constexpr std::string_view kMethod = "CONNECT ", kVersion = " HTTP/1.1\r\n";
constexpr std::string_view kStatusLine = "HTTP/1.1 200";

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// "HTTP/1.0 407 ..." -> "407"
std::string_view status_of(std::string_view answer) {
  const auto begin = answer.substr(0, kStatusLine.size());
  if (begin.size() < kStatusLine.size() || !begin.starts_with("HTTP/1.") || !is_digit(begin[7]) || begin[8] != ' ')
    return {};
  const auto status = begin.substr(9);
  return is_digit(status[0]) && is_digit(status[1]) && is_digit(status[2]) ? status : std::string_view();
}

std::unexpected<Error> refused(std::string found) {
  return fail(Reason::upstream_unreachable, std::move(found), "a way through the proxy");
}

}  // namespace

std::string proxy_preface(std::string_view host, std::uint16_t port, std::string_view authorization) {
  const bool v6 = host.find(':') != std::string_view::npos;
  const auto authority = (v6 ? "[" + std::string(host) + "]" : std::string(host)) + ":" + std::to_string(port);
  std::string preface = std::string(kMethod) + authority + std::string(kVersion) + "Host: " + authority + "\r\n";
  if (!authorization.empty()) preface += "Proxy-Authorization: " + std::string(authorization) + "\r\n";
  return preface + "\r\n";
}

std::string host_behind_proxy(std::string_view preface) {
  if (!preface.starts_with(kMethod)) return {};
  preface.remove_prefix(kMethod.size());
  const auto end = preface.find(kVersion);
  if (end == std::string_view::npos) return {};
  auto host = preface.substr(0, preface.substr(0, end).rfind(':'));
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  return std::string(host);
}

Result<bool> proxy_grants(std::string_view answer) {
  const auto end = answer.find("\r\n\r\n");
  if (end == std::string_view::npos) {
    if (answer.size() >= kMaxProxyAnswer) return refused("a proxy whose answer has no end");
    return false;
  }
  const auto status = status_of(answer);
  if (status.empty()) return refused("a proxy that answers no HTTP");
  if (status == "407") return refused("the proxy wants credentials (407)");
  if (!status.starts_with('2')) return refused("the proxy answers " + std::string(status));
  // Whoever is behind it waits for us to speak first.
  if (answer.size() != end + 4) return refused("a proxy that sends more than its answer");
  return true;
}

}  // namespace watchword::net
