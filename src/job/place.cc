#include "job/place.h"

#include <algorithm>
#include <array>

#include "http/uri.h"
#include "net/stream.h"

namespace watchword::job {
namespace {

constexpr std::array<std::pair<Kind, std::string_view>, 5> kKinds{{{Kind::api, "api"},
                                                                   {Kind::git, "git"},
                                                                   {Kind::docker, "docker"},
                                                                   {Kind::kubernetes, "kubernetes"},
                                                                   {Kind::tcp, "tcp"}}};
constexpr std::size_t kMaxUrl = 2048;

std::unexpected<Error> foreign(std::string found, std::string expected) {
  return std::unexpected(Error{Reason::gate_unreachable, std::move(found), std::move(expected), "resources",
                               "check what stands in front of the gate, and that gate and client are of one version"});
}

const Json* named(const Json& list, std::string_view resource) {
  if (list.array_items() == nullptr) return nullptr;
  for (const auto& item : *list.array_items())
    if (item.string_or("name", "") == resource) return &item;
  return nullptr;
}

// Without a slash at its end.
Result<std::string> checked_url(std::string_view text) {
  constexpr std::string_view kExpected = "https://HOST[:PORT][/PREFIX], or http on loopback";
  const auto url = text.size() <= kMaxUrl ? http::parse_url(text) : fail(Reason::request_invalid);
  if (!url || !url->query.empty() || text.find_first_of("?#") != std::string_view::npos ||
      !http::normalise_path(url->path))
    return foreign("url " + std::string(text.substr(0, kMaxUrl)), std::string(kExpected));
  const bool loopback = net::Address{.host = url->host, .port = url->port}.loopback();
  if (url->scheme != "https" && !loopback) return foreign("url " + std::string(text), std::string(kExpected));
  while (text.ends_with('/')) text.remove_suffix(1);
  return std::string(text);
}

}  // namespace

std::string_view name(Kind kind) { return kKinds.at(static_cast<std::size_t>(kind)).second; }

std::optional<Kind> kind_from_name(std::string_view name) {
  const auto* found = std::ranges::find(kKinds, name, &std::pair<Kind, std::string_view>::second);
  if (found == kKinds.end()) return std::nullopt;
  return found->first;
}

Result<Place> place_from(const Reply& reply, std::string_view resource) {
  const auto* list = reply.body.find("resources");
  const auto* item = list == nullptr ? nullptr : named(*list, resource);
  if (item == nullptr) return foreign("no " + std::string(resource) + " in the answer", "where it is");
  Place place{.name = std::string(resource), .kind = {}, .url = {}};
  const auto kind = item->string_or("kind", "");
  const auto known = kind_from_name(kind);
  if (!known) return foreign("kind '" + std::string(kind) + "'", "api, git, docker, kubernetes or tcp");
  place.kind = *known;
  WW_TRY(place.url, checked_url(item->string_or("url", "")));
  if (place.kind != Kind::tcp) return place;
  const auto* port = item->find_integer("port");
  if (port == nullptr || *port < 1 || *port > 65535) return foreign("no port of a tcp resource", "1 to 65535");
  place.port = static_cast<std::uint16_t>(*port);
  if (!http::parse_origin(place.url)) return foreign("url " + place.url, "the gateway's, without a path");
  return place;
}

}  // namespace watchword::job
