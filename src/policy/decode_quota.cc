#include "policy/decode_quota.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"

namespace watchword::policy {
namespace {

using yaml::Decoder;
using yaml::Node;
using yaml::Type;

bool scalar(const Node& node) { return node.type != Type::list && node.type != Type::object; }

std::string shown(const Node& node) {
  constexpr std::size_t kLongest = 80;
  const bool quotable = scalar(node) && !node.text.empty() && node.text.size() <= kLongest;
  return quotable ? fmt::format("'{}'", node.text) : std::string(yaml::name(node.type));
}

// What is behind the number is a unit that somebody may have meant otherwise: 10gb, 10G, 100/sec.
template <class Known, class Meant>
std::string meant(const Node& node, const Known& units, Meant means) {
  const auto digits = std::min(node.text.find_first_not_of("0123456789"), node.text.size());
  const std::string unit = scalar(node) && digits != 0 ? node.text.substr(digits) : "?";
  for (const std::string_view known : units)
    if (means(unit, known)) return fmt::format("did you mean '{}{}'?", node.text.substr(0, digits), known);
  return {};
}

void read_rate(Decoder& decoder, const Node& node, Rate& out) {
  const auto rate = scalar(node) ? parse_rate(node.text) : std::nullopt;
  if (rate) {
    out = *rate;
    return;
  }
  decoder.refuse(
      node.at, shown(node), fmt::format("a rate such as 100/s or 600/m, of 1 to {} requests", Rate::kMost),
      meant(node, std::array<std::string_view, 2>{"/s", "/m"}, [](std::string_view unit, std::string_view known) {
        return unit.size() > known.size() && ascii_lower(unit).starts_with(known);
      }));
}

void read_bytes(Decoder& decoder, const Node& node, std::int64_t& out) {
  const auto bytes = scalar(node) ? parse_bytes(node.text) : std::nullopt;
  if (bytes) {
    out = *bytes;
    return;
  }
  decoder.refuse(node.at, shown(node),
                 fmt::format("a size such as 500MB or 10GiB, in B, KB, MB, GB, KiB, MiB or GiB, from 1B to {}",
                             bytes_to_string(Quota::kMostBytes)),
                 meant(node, std::array<std::string_view, 7>{"B", "KB", "MB", "GB", "KiB", "MiB", "GiB"},
                       [](const std::string& unit, std::string_view known) {
                         return unit != known && (ascii_iequals(unit, known) || ascii_iequals(unit + "b", known));
                       }));
}

}  // namespace

Quota decode_quota(Decoder& decoder, const Node& node) {
  Quota out;
  yaml::Object fields(decoder, node, "limits", {"rate", "concurrent", "bytes"});
  std::int64_t concurrent = 0;
  fields.read("concurrent", concurrent, 1, Quota::kMostConcurrent);
  out.concurrent = static_cast<std::uint32_t>(concurrent);
  if (const Node* rate = fields.find("rate"); rate != nullptr) read_rate(decoder, *rate, out.rate);
  if (const Node* bytes = fields.find("bytes"); bytes != nullptr) read_bytes(decoder, *bytes, out.bytes);
  if (node.type == Type::object && node.entries.empty())
    decoder.refuse(node.at, "'limits' without a limit", "rate, concurrent or bytes");
  return out;
}

}  // namespace watchword::policy
