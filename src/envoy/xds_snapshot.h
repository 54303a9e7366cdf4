// All that one Envoy gets of the gate at one time, as it is sent: resources by type and name, each with its version.
#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/secret.h"
#include "envoy/bootstrap.h"

namespace watchword::envoy {

// In the order in which they are sent: nothing before what it refers to.
enum class XdsType : std::uint8_t { cluster, secret, listener, route };
inline constexpr std::array kXdsTypes{XdsType::cluster, XdsType::secret, XdsType::listener, XdsType::route};
std::string_view name_of(XdsType type);     // "cluster"
std::string_view message_of(XdsType type);  // "envoy.config.cluster.v3.Cluster"
std::string type_url_of(XdsType type);      // of the Any that carries one

struct XdsResource {
  std::string version;  // of its content
  Secret message;       // serialised; may hold a key, so all of them are held so
};
struct XdsSet {
  std::string version;  // of all of them
  std::map<std::string, XdsResource, std::less<>> resources;
};
struct XdsSnapshot {
  std::array<XdsSet, kXdsTypes.size()> sets;
  std::vector<Error> left_out;  // of NodeParts
  const XdsSet& of(XdsType type) const { return sets[static_cast<std::size_t>(type)]; }
};

// Reads the files and references of the secrets. Versions follow the content alone; those of secrets also `salt`, as
// they are shown, and a plain digest would let a weak secret be guessed. Every error. Any thread.
std::expected<std::shared_ptr<const XdsSnapshot>, std::vector<Error>> make_snapshot(const NodeParts& parts,
                                                                                    std::string_view salt);

}  // namespace watchword::envoy
