#include "net/address_slots.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <cstring>

namespace watchword::net {

std::optional<AddressKey> AddressKey::of(const sockaddr_storage& address) {
  if (address.ss_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &address, sizeof v4);
    return AddressKey{.v6 = false, .bits = ntohl(v4.sin_addr.s_addr)};
  }
  if (address.ss_family != AF_INET6) return std::nullopt;
  sockaddr_in6 v6{};
  std::memcpy(&v6, &address, sizeof v6);
  const auto& bytes = v6.sin6_addr.s6_addr;
  const bool mapped = IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr);
  AddressKey key{.v6 = !mapped, .bits = 0};
  for (std::size_t i = mapped ? 12 : 0; i < (mapped ? 16 : 8); ++i) key.bits = key.bits << 8 | bytes[i];
  return key;
}

std::string to_string(const AddressKey& key) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (!key.v6) {
    const in_addr v4{htonl(static_cast<std::uint32_t>(key.bits))};
    return ::inet_ntop(AF_INET, &v4, text.data(), text.size());
  }
  in6_addr v6{};
  for (std::size_t i = 0; i < 8; ++i) v6.s6_addr[i] = static_cast<std::uint8_t>(key.bits >> (56 - 8 * i));
  return std::string(::inet_ntop(AF_INET6, &v6, text.data(), text.size())) + "/64";
}

bool AddressSlots::take(const AddressKey& key) {
  auto& [mutex, taken] = shard(key);
  const std::lock_guard lock(mutex);
  const auto place = taken.try_emplace(key, 0).first;
  if (place->second < most_) {
    ++place->second;
    return true;
  }
  if (place->second == 0) taken.erase(place);
  return false;
}

void AddressSlots::give_back(const AddressKey& key) {
  auto& [mutex, taken] = shard(key);
  const std::lock_guard lock(mutex);
  const auto place = taken.find(key);
  if (place != taken.end() && --place->second == 0) taken.erase(place);
}

std::size_t AddressSlots::addresses() const {
  std::size_t count = 0;
  for (const auto& [mutex, taken] : shards_) {
    const std::lock_guard lock(mutex);
    count += taken.size();
  }
  return count;
}

}  // namespace watchword::net
