// How many connections there are from each address. Any thread: a short lock when one comes and when it goes, on one of
// several shards.
#pragma once

#include <sys/socket.h>

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>

namespace watchword::net {

// An IPv4 address, or the /64 of an IPv6 address: whoever has one address of a /64 commonly has them all (RFC 4291
// 2.5.4).
struct AddressKey {
  bool v6 = false;
  std::uint64_t bits = 0;
  auto operator<=>(const AddressKey&) const = default;

  // nullopt: no IP address. An IPv4 address mapped into IPv6 is that IPv4 address.
  static std::optional<AddressKey> of(const sockaddr_storage& address);
};
std::string to_string(const AddressKey& key);  // "192.0.2.7", "2001:db8::/64"

class AddressSlots {
 public:
  explicit AddressSlots(std::size_t most_each) : most_(most_each) {}
  bool take(const AddressKey& key);  // false: this address has all of its places
  void give_back(const AddressKey& key);
  std::size_t addresses() const;  // that have a place now: no others are remembered

 private:
  // Ordered, so that nobody can choose addresses that make look-ups slow.
  struct Shard {
    mutable std::mutex mutex;
    std::map<AddressKey, std::size_t> taken;
  };
  Shard& shard(const AddressKey& key) { return shards_[(key.bits ^ key.bits >> 32) % shards_.size()]; }

  const std::size_t most_;
  std::array<Shard, 16> shards_;
};

}  // namespace watchword::net
