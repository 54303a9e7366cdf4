#include "policy/http_response.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "http/chars.h"

namespace watchword::policy {
namespace {

using yaml::Decoder;
using yaml::Node;

constexpr std::size_t kMostNames = 64;

// Without these a client cannot read the answer, or reads another. Those of the connection never pass.
bool needed(std::string_view name) {
  constexpr std::array<std::string_view, 16> kNeeded = {
      "connection",    "content-encoding",  "content-length", "content-range",       "content-type",     "date",
      "grpc-encoding", "grpc-status",       "keep-alive",     "proxy-authenticate",  "proxy-connection", "te",
      "trailer",       "transfer-encoding", "upgrade",        "sec-websocket-accept"};
  return std::ranges::find(kNeeded, name) != kNeeded.end();
}

void decode_name(Decoder& decoder, const Node& node, std::vector<std::string>& names) {
  const auto text = decoder.string(node);
  if (!text) return;
  auto name = ascii_lower(*text);
  if (!http::is_token(name)) return decoder.refuse(node.at, fmt::format("the header '{}'", name), "a header's name");
  if (needed(name))
    return decoder.refuse(node.at, fmt::format("the header '{}'", name), "one that the answer can do without",
                          "leave it away: the gate sees to what belongs to the connection, and clients need the rest");
  if (std::ranges::find(names, name) != names.end())
    return decoder.refuse(node.at, fmt::format("the header '{}' again", name), "each header once");
  names.push_back(std::move(name));
}

}  // namespace

void decode_http_response(Decoder& decoder, const Node& node, HttpTarget& target) {
  yaml::Object fields(decoder, node, "response", {"remove_headers", "redact"});
  fields.read("redact", target.redact);
  if (target.redact && target.inject.empty())
    decoder.refuse(fields.find("redact")->at, "'redact' without 'inject'", "something that the gate adds to requests",
                   "leave 'redact' away: only what the gate itself injects is known to it");
  const Node* names = fields.find("remove_headers");
  const auto* items = names == nullptr ? nullptr : decoder.list(*names);
  if (items == nullptr) return;
  if (items->size() > kMostNames)
    return decoder.refuse(names->at, fmt::format("{} headers", items->size()), fmt::format("at most {}", kMostNames));
  for (const Node& item : *items) decode_name(decoder, item, target.remove_response_headers);
}

}  // namespace watchword::policy
