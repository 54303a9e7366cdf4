// Snapshots, and the messages of discovery as Envoy writes and reads them, for the tests of xds_stream and xds.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "envoy/xds_stream.h"
#include "proto/discovery.pb.h"

namespace watchword::envoy::testing {

using Contents = std::map<std::string, std::string>;  // versions by name

inline std::shared_ptr<const XdsSnapshot> snapshot_of(const std::map<XdsType, Contents>& contents) {
  auto snapshot = std::make_shared<XdsSnapshot>();
  for (const auto& [type, resources] : contents) {
    auto& set = snapshot->sets.at(static_cast<std::size_t>(type));
    for (const auto& [name, version] : resources) {
      set.version += name + "=" + version + ";";
      set.resources.emplace(name, XdsResource{version, Secret(name + "@" + version)});
    }
  }
  return snapshot;
}

// What a response says, whatever the form.
struct Told {
  std::string type, version, nonce;
  Contents resources;  // names and versions
  std::vector<std::string> removed;
};

inline Told told(XdsForm form, const std::string& message) {
  Told told;
  const auto put = [&](const wire::Any& any) {
    const auto at = any.value().find('@');
    told.resources.emplace(any.value().substr(0, at), any.value().substr(at + 1));
  };
  if (form == XdsForm::sotw) {
    wire::DiscoveryResponse response;
    response.ParseFromString(message);
    told.type = response.type_url(), told.version = response.version_info(), told.nonce = response.nonce();
    for (const auto& any : response.resources()) put(any);
    return told;
  }
  wire::DeltaDiscoveryResponse response;
  response.ParseFromString(message);
  told.type = response.type_url(), told.version = response.system_version_info(), told.nonce = response.nonce();
  for (const auto& resource : response.resources()) put(resource.resource());
  told.removed.assign(response.removed_resources().begin(), response.removed_resources().end());
  return told;
}

}  // namespace watchword::envoy::testing
