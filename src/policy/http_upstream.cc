#include "policy/http_upstream.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "http/uri.h"

namespace watchword::policy {
namespace {

using yaml::Decoder;
using yaml::Node;
using yaml::Type;

constexpr Duration kLongest = std::chrono::hours(1), kShortest = std::chrono::milliseconds(100);
constexpr unsigned kMostRequests = 1'000'000;

// Null when an error was noted.
std::optional<http::Url> decode_endpoint(Decoder& decoder, const Node& node, const HttpTarget& target) {
  const auto text = decoder.string(node);
  if (!text) return std::nullopt;
  auto url = http::parse_url(*text);
  if (!url) {
    decoder.refuse(node.at, fmt::format("'{}'", *text), "an http or https URL");
    return std::nullopt;
  }
  if (url->path != "/" || !url->query.empty())
    decoder.refuse(node.at, fmt::format("'{}'", *text), "scheme, host and port only, without a path",
                   "the request's own path is what is forwarded");
  const bool tls_settings = !target.ca_file.empty() || !target.client_certificate.empty() ||
                            !target.client_key.empty() || !target.server_name.empty();
  if (url->scheme != "https" && tls_settings)
    decoder.refuse(node.at, fmt::format("'{}' with settings for TLS", *text), "an https URL");
  return *std::move(url);
}

void decode_endpoints(Decoder& decoder, const Node& node, HttpTarget& target) {
  const auto* items = decoder.list(node);
  if (items == nullptr) return;
  if (items->size() > HttpUpstream::kMostEndpoints)
    decoder.refuse(node.at, fmt::format("{} endpoints", items->size()),
                   fmt::format("at most {}", HttpUpstream::kMostEndpoints));
  std::vector<http::Url> urls;
  for (const Node& item : *items) {
    auto url = decode_endpoint(decoder, item, target);
    if (!url) continue;
    const auto same = [&](const http::Url& one) { return one.host == url->host && one.port == url->port; };
    if (!urls.empty() && urls.front().scheme != url->scheme)
      decoder.refuse(item.at, fmt::format("'{}' beside {} endpoints", item.text, urls.front().scheme),
                     "http for all endpoints, or https for all");
    else if (std::ranges::any_of(urls, same))
      decoder.refuse(item.at, fmt::format("'{}' a second time", item.text), "each endpoint once");
    target.upstream.endpoints.push_back(item.text);
    urls.push_back(*std::move(url));
  }
}

void read_count(yaml::Object& fields, std::string_view key, unsigned& out, unsigned min, unsigned max) {
  std::int64_t value = out;
  fields.read(key, value, min, max);
  out = static_cast<unsigned>(value);
}

HttpUpstream::Health decode_health(Decoder& decoder, const Node& node) {
  HttpUpstream::Health health;
  yaml::Object fields(decoder, node, "health", {"path", "every", "timeout", "healthy", "unhealthy"});
  if (const Node* path = fields.require("path"); path != nullptr) {
    fields.read("path", health.path);
    const auto normal = http::normalise_path(health.path);
    if (path->type == Type::string && (!normal || *normal != health.path))
      decoder.refuse(path->at, fmt::format("the path '{}'", health.path), "a plain path such as /healthz");
  }
  fields.read("every", health.every, kShortest, kLongest);
  fields.read("timeout", health.timeout, kShortest, std::chrono::minutes(1));
  read_count(fields, "healthy", health.healthy, 1, 100);
  read_count(fields, "unhealthy", health.unhealthy, 1, 100);
  return health;
}

void decode_eject(Decoder& decoder, const Node& node, HttpUpstream& out) {
  yaml::Object fields(decoder, node, "eject", {"after", "for"});
  read_count(fields, "after", out.eject_after, 1, 1000);
  fields.read("for", out.eject_time, kShortest, kLongest);
}

}  // namespace

void decode_http_upstream(Decoder& decoder, const Node& node, HttpTarget& target) {
  HttpUpstream& out = target.upstream;
  if (node.type != Type::object) {
    if (decode_endpoint(decoder, node, target)) out.endpoints = {node.text};
    return;
  }
  yaml::Object fields(decoder, node, "upstream",
                      {"endpoints", "protocol", "balance", "health", "eject", "retries", "max_requests",
                       "resolve_every", "proxy_protocol"});
  if (const Node* endpoints = fields.require("endpoints"); endpoints != nullptr)
    decode_endpoints(decoder, *endpoints, target);
  fields.read<UpstreamProtocol>("protocol", out.protocol,
                                {{"http1", UpstreamProtocol::http1},
                                 {"http2", UpstreamProtocol::http2},
                                 {"auto", UpstreamProtocol::http2_where_offered}});
  fields.read<Balance>("balance", out.balance,
                       {{"round_robin", Balance::round_robin}, {"least_requests", Balance::least_requests}});
  if (const Node* health = fields.find("health"); health != nullptr) out.health = decode_health(decoder, *health);
  if (const Node* eject = fields.find("eject"); eject != nullptr) decode_eject(decoder, *eject, out);
  read_count(fields, "retries", out.retries, 0, 10);
  read_count(fields, "max_requests", out.max_requests, 1, kMostRequests);
  fields.read("resolve_every", out.resolve_every, std::chrono::seconds(1), kLongest);
  fields.read<bool>("proxy_protocol", out.proxy_protocol, {{"off", false}, {"v2", true}});
}

}  // namespace watchword::policy
