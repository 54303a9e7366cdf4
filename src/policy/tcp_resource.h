// Resources that are reached through a tunnel: whatever speaks TCP, such as a database. They have one action,
// `connect`.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "policy/policy.h"
#include "policy/yaml/decode.h"

namespace watchword::policy {

// Data for the gateway.
struct TcpTarget {
  std::string host;  // a name in lower case, or an address; an IPv6 address without brackets
  std::uint16_t port = 0;
  Duration connect_time = std::chrono::seconds(5);
  Duration idle_time = std::chrono::minutes(10);  // without a byte in either direction
  Duration stream_time{};                         // of one tunnel as a whole; zero: as long as its session
};

// tcp: { upstream: "db.internal:5432", timeouts: { connect, idle } }. Notes errors; what it returns is then not for
// use.
std::unique_ptr<Resource> decode_tcp_resource(yaml::Decoder& decoder, const std::string& name, const yaml::Node& node);

}  // namespace watchword::policy
