#include "net/forbidden_address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <string>

namespace watchword::net {

namespace {

using Bytes = std::span<const std::uint8_t>;

struct Range {
  std::array<std::uint8_t, 16> prefix;
  unsigned bits;
  std::string_view kind;
};

constexpr std::string_view kMetadata = "cloud metadata", kUnspecified = "unspecified";

// 169.254.169.254, which most clouds use, is link-local.
constexpr std::array<Range, 7> kV4{{
    {{0}, 8, kUnspecified},                   // RFC 791 3.2: "this network"
    {{169, 254}, 16, "link-local"},           // RFC 3927
    {{224}, 4, "multicast"},                  // RFC 5771
    {{255, 255, 255, 255}, 32, "broadcast"},  // RFC 919
    {{100, 100, 100, 200}, 32, kMetadata},    // Alibaba Cloud
    {{168, 63, 129, 16}, 32, kMetadata},      // Azure: WireServer
    {{192, 0, 0, 192}, 32, kMetadata},        // Oracle Cloud Classic
}};
constexpr std::array<Range, 9> kV6{{
    {{0}, 128, kUnspecified},
    {{0xfe, 0x80}, 10, "link-local"},
    {{0xff}, 8, "multicast"},
    {{0xfd, 0x00, 0x0e, 0xc2}, 32, kMetadata},                                                   // AWS: IMDS, EKS, DNS
    {{0xfd, 0x20, 0x00, 0xce, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x02, 0x54}, 128, kMetadata},        // Google Cloud
    {{0xfd, 0x00, 0x00, 0xc1, 0, 0, 0, 0, 0, 0, 0, 0, 0xa9, 0xfe, 0xa9, 0xfe}, 128, kMetadata},  // Oracle Cloud
    {{0xfd, 0x00, 0x01, 0x00, 0, 0, 0, 0, 0, 0, 0, 0, 0x01, 0x00, 0x02, 0x00}, 128, kMetadata},  // Alibaba Cloud
    {{0xfd, 0x00, 0xa9, 0xfe, 0xa9, 0xfe, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x01}, 128, kMetadata},     // Akamai (Linode)
    {{0xfd, 0x00, 0x00, 0x42, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x42}, 128, kMetadata},           // Scaleway
}};

// Where IPv6 addresses hold an IPv4 address. RFC 6052 2.2 leaves out bits 64 to 71; of the local NAT64 prefix (RFC
// 8215) any length from 48 on may be in use, so that all are read.
struct Embedding {
  std::array<std::uint8_t, 16> prefix;
  unsigned bits;
  std::array<std::uint8_t, 4> at;
};
constexpr std::array<std::uint8_t, 16> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
constexpr std::array<std::uint8_t, 16> kTranslated{0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
constexpr std::array<std::uint8_t, 16> kNat64{0, 0x64, 0xff, 0x9b}, kNat64Local{0, 0x64, 0xff, 0x9b, 0, 1};
constexpr std::array<Embedding, 9> kEmbeddings{{
    {kMapped, 96, {12, 13, 14, 15}},
    {{0}, 96, {12, 13, 14, 15}},  // IPv4-compatible
    {kTranslated, 96, {12, 13, 14, 15}},
    {kNat64, 96, {12, 13, 14, 15}},
    {kNat64Local, 48, {12, 13, 14, 15}},
    {kNat64Local, 48, {6, 7, 9, 10}},
    {kNat64Local, 48, {7, 9, 10, 11}},
    {kNat64Local, 48, {9, 10, 11, 12}},
    {{0x20, 0x02}, 16, {2, 3, 4, 5}},  // 6to4
}};

bool begins_with(Bytes ip, Bytes prefix, unsigned bits) {
  const std::size_t whole = bits / 8;
  if (!std::ranges::equal(ip.first(whole), prefix.first(whole))) return false;
  const unsigned rest = bits % 8;
  return rest == 0 || ((ip[whole] ^ prefix[whole]) >> (8 - rest)) == 0;
}

std::string_view kind_among(std::span<const Range> ranges, Bytes ip) {
  const auto found =
      std::ranges::find_if(ranges, [&](const Range& range) { return begins_with(ip, range.prefix, range.bits); });
  return found == ranges.end() ? std::string_view() : found->kind;
}

std::string text_of(Bytes ip) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const char* written = ::inet_ntop(ip.size() == 4 ? AF_INET : AF_INET6, ip.data(), text.data(), text.size());
  return written == nullptr ? "" : written;
}

}  // namespace

std::string_view forbidden_kind(Bytes ip) {
  if (ip.size() == 4) return kind_among(kV4, ip);
  if (ip.size() != 16) return kUnspecified;
  if (const auto kind = kind_among(kV6, ip); !kind.empty()) return kind;
  const std::array<std::uint8_t, 16> loopback{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  if (std::ranges::equal(ip, loopback)) return {};  // though its form is that of 0.0.0.1, IPv4-compatible
  for (const Embedding& form : kEmbeddings) {
    if (!begins_with(ip, form.prefix, form.bits)) continue;
    const std::array<std::uint8_t, 4> inner{ip[form.at[0]], ip[form.at[1]], ip[form.at[2]], ip[form.at[3]]};
    const auto kind = kind_among(kV4, inner);
    // Read at another length than the one in use, an address of the local NAT64 prefix has zeros there.
    const bool zeros = form.prefix == kNat64Local && kind == kUnspecified;
    if (!kind.empty() && !zeros) return kind;
  }
  return {};
}

Status refuse_forbidden(Bytes ip) {
  const auto kind = forbidden_kind(ip);
  if (kind.empty()) return {};
  return fail(Reason::upstream_forbidden, text_of(ip) + " (" + std::string(kind) + ")",
              "an address that is not link-local, multicast, unspecified, broadcast or of a cloud's metadata service");
}

}  // namespace watchword::net
