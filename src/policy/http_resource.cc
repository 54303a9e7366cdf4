// http: { upstream, host | prefix, ... }.
#include "policy/http_resource.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "http/uri.h"
#include "policy/http_response.h"
#include "policy/http_upstream.h"
#include "policy/timeouts.h"

namespace watchword::policy {
namespace {

using yaml::Decoder;
using yaml::Node;
using yaml::Type;

constexpr std::initializer_list<std::pair<std::string_view, HttpKind>> kKinds = {
    {"api", HttpKind::api}, {"git", HttpKind::git}, {"docker", HttpKind::docker}, {"kubernetes", HttpKind::kubernetes}};

void check_host(Decoder& decoder, const Node& node, HttpTarget& target) {
  target.host = ascii_lower(target.host);
  const bool letters = target.host.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789.-") == std::string::npos;
  if (!letters || target.host.starts_with('.') || target.host.ends_with('.') || target.host.contains(".."))
    decoder.refuse(node.at, fmt::format("the host '{}'", target.host), "one host name, without port or pattern");
}

void check_prefix(Decoder& decoder, const Node& node, const HttpTarget& target) {
  const auto normal = http::normalise_path(target.prefix);
  if (!normal || *normal != target.prefix || target.prefix.size() < 2 || target.prefix.ends_with('/'))
    decoder.refuse(node.at, fmt::format("the prefix '{}'", target.prefix), "a plain path such as /billing");
}

// A path that does not say by itself which file it names depends on where the gate was started.
bool absolute(std::string_view path) { return path.starts_with('/'); }

void read_file_name(Decoder& decoder, yaml::Object& fields, std::string_view key, std::string& out) {
  fields.read(key, out);
  if (!out.empty() && !absolute(out))
    decoder.refuse(fields.find(key)->at, fmt::format("the relative path '{}'", out), "an absolute path");
}

// What the gate itself sets or strips: an injected value would break its framing or forge who is asking.
bool reserved(const std::string& header) {
  constexpr std::array kReserved = {"host",
                                    "content-length",
                                    "transfer-encoding",
                                    "connection",
                                    "keep-alive",
                                    "te",
                                    "trailer",
                                    "upgrade",
                                    "proxy-connection",
                                    "expect",
                                    "traceparent",
                                    "tracestate",
                                    "watchword-assertion",
                                    "x-request-id"};
  return std::ranges::find(kReserved, header) != kReserved.end() || header.starts_with("x-forwarded-");
}

void decode_injected(Decoder& decoder, const Node& node, std::vector<HttpTarget::InjectedHeader>& out) {
  HttpTarget::InjectedHeader header;
  yaml::Object fields(decoder, node, "inject", {"header", "prefix", "secret"});
  fields.read("prefix", header.prefix);
  if (const Node* name = fields.require("header"); name != nullptr) {
    fields.read("header", header.name);
    header.name = ascii_lower(header.name);
    const bool token = header.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-_") == std::string::npos;
    if (!token || reserved(header.name))
      decoder.refuse(name->at, fmt::format("the header '{}'", header.name),
                     "a header that the gate does not set itself");
  }
  if (const Node* secret = fields.require("secret"); secret != nullptr) {
    if (secret->type == Type::string) header.secret = secret->text;
    const bool reference =
        std::ranges::any_of(std::array{"file:", "env:", "credential:"}, [&](std::string_view scheme) {
          return header.secret.starts_with(scheme) && header.secret.size() > scheme.size();
        });
    if (!reference)  // and do not quote it: it may be the secret
      decoder.refuse(secret->at, "something that is no secret reference", "env:NAME, file:/path or credential:NAME");
    else if (constexpr std::string_view kFile = "file:";
             header.secret.starts_with(kFile) && !absolute(header.secret.substr(kFile.size())))
      decoder.refuse(secret->at, fmt::format("the relative path '{}'", header.secret), "an absolute path");
  }
  if (header.prefix != printable(header.prefix))
    decoder.refuse(node.at, "a prefix with control characters", "printable text such as 'Bearer '");
  out.push_back(std::move(header));
}

void decode_timeouts(Decoder& decoder, const Node& node, HttpTarget& target) {
  yaml::Object fields(decoder, node, "timeouts", {"connect", "response", "idle", "stream"});
  fields.read("connect", target.connect_time, kShortestWait, kLongestWait);
  fields.read("response", target.response_time, kShortestWait, kLongestWait);
  fields.read("idle", target.idle_time, kShortestWait, kLongestWait);
  fields.read("stream", target.stream_time, kShortestStream, kLongestStream);
}

// The client's credentials are for the gate alone. A challenge of the backend's would have git or Docker send them, as
// the password that they are, to whichever host it names.
void keep_challenges(HttpTarget& target) {
  auto& removed = target.remove_response_headers;
  constexpr std::string_view kChallenge = "www-authenticate";
  if (std::ranges::find(removed, kChallenge) == removed.end()) removed.emplace_back(kChallenge);
}

HttpTarget decode_target(Decoder& decoder, const Node& node) {
  HttpTarget target;
  yaml::Object fields(decoder, node, "http",
                      {"upstream", "kind", "host", "prefix", "ambiguous_paths", "ca", "client_certificate",
                       "client_key", "server_name", "inject", "timeouts", "response"});
  fields.read<HttpKind>("kind", target.kind, kKinds);
  fields.read("host", target.host);
  fields.read("prefix", target.prefix);
  read_file_name(decoder, fields, "ca", target.ca_file);
  read_file_name(decoder, fields, "client_certificate", target.client_certificate);
  read_file_name(decoder, fields, "client_key", target.client_key);
  fields.read("server_name", target.server_name);
  fields.read<bool>("ambiguous_paths", target.allow_ambiguous_paths, {{"refuse", false}, {"allow", true}});
  if (const Node* upstream = fields.require("upstream"); upstream != nullptr)
    decode_http_upstream(decoder, *upstream, target);
  const Node *host = fields.find("host"), *prefix = fields.find("prefix");
  if (node.type == Type::object && (host == nullptr) == (prefix == nullptr))
    decoder.refuse(node.at, host == nullptr ? "neither host nor prefix" : "both host and prefix",
                   "a host of its own, or a path prefix on the gate's host");
  if (!target.host.empty()) check_host(decoder, *host, target);
  if (!target.prefix.empty()) check_prefix(decoder, *prefix, target);
  if (!target.prefix.empty() && target.allow_ambiguous_paths)
    decoder.refuse(fields.find("ambiguous_paths")->at, "'ambiguous_paths: allow' with a prefix", "a host of its own",
                   "a path that can be read in two ways has no prefix that is certain");
  if (target.client_certificate.empty() != target.client_key.empty())
    decoder.refuse(node.at, "one of client_certificate and client_key", "both or neither");
  if (const Node* inject = fields.find("inject"); inject != nullptr)
    if (const auto* items = decoder.list(*inject); items != nullptr)
      for (const Node& item : *items) decode_injected(decoder, item, target.inject);
  if (const Node* timeouts = fields.find("timeouts"); timeouts != nullptr) decode_timeouts(decoder, *timeouts, target);
  if (const Node* response = fields.find("response"); response != nullptr)
    decode_http_response(decoder, *response, target);
  if (takes_password(target.kind)) keep_challenges(target);
  return target;
}

}  // namespace

std::string_view name(HttpKind kind) {
  return std::ranges::find(kKinds, kind, &std::pair<std::string_view, HttpKind>::second)->first;
}

std::unique_ptr<Resource> decode_http_resource(Decoder& decoder, const std::string& name, const Node& node) {
  yaml::Object fields(decoder, node, "resource", {"http", "actions"});
  const Node *http = fields.require("http"), *actions = fields.require("actions");
  if (http == nullptr || actions == nullptr) return nullptr;
  auto resource = std::make_unique<HttpResource>(name, decode_target(decoder, *http));
  decode_actions(decoder, *actions, *resource);
  if (resource->http()->redact && resource->takes_websockets())
    decoder.refuse(actions->at, "a websocket action of a resource with 'redact'", "one without, or no 'redact'",
                   "what goes through a WebSocket is not looked at: give it a resource of its own");
  return resource;
}

}  // namespace watchword::policy
