// The kernel's list of sockets, cut into pieces anywhere: the owner is the same, and one that a line of it names.
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "job/socket_list.h"

using namespace watchword;

namespace {

std::optional<std::uint32_t> owner_in(std::string_view list, std::size_t piece) {
  auto looking = *job::SocketList::looking_for({"127.0.0.1", 0x8124}, {"127.0.0.1", 0x1F90});
  for (std::size_t at = 0; at < list.size(); at += piece) looking.feed(list.substr(at, piece));
  return looking.owner();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view list(reinterpret_cast<const char*>(data + 1), size - 1);
  const auto owner = owner_in(list, list.size() + 1);
  if (owner != owner_in(list, 1 + data[0] % 64)) std::abort();
  if (owner && list.find("0100007F:8124 ") == std::string_view::npos) std::abort();
  return 0;
}
