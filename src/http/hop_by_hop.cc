#include "http/hop_by_hop.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace watchword::http {
namespace {

constexpr std::array<std::string_view, 9> kHopByHop = {
    "connection",        "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer",
    "transfer-encoding", "upgrade"};

}  // namespace

void remove_hop_by_hop(Headers& headers) {
  std::vector<std::string> named;
  for (const auto& header : headers)
    if (header.name == "connection")
      for (auto token : split(header.value, ',')) named.push_back(ascii_lower(trim(token)));
  headers.remove_if([&](const Header& header) {
    return std::ranges::find(kHopByHop, header.name) != kHopByHop.end() ||
           std::ranges::find(named, header.name) != named.end();
  });
}

}  // namespace watchword::http
