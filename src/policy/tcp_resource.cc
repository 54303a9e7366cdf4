#include "policy/tcp_resource.h"

#include <fmt/format.h>

#include <utility>
#include <vector>

#include "base/text.h"
#include "http/uri.h"
#include "policy/timeouts.h"

namespace watchword::policy {
namespace {

using yaml::Decoder;
using yaml::Node;

constexpr Duration kLongestIdle = std::chrono::hours(24);  // as a session

class TcpResource final : public Resource {
 public:
  TcpResource(std::string name, TcpTarget target) : name_(std::move(name)), target_(std::move(target)) {}
  const std::string& name() const override { return name_; }
  const std::vector<std::string>& actions() const override { return actions_; }
  const TcpTarget* tcp() const override { return &target_; }

 private:
  std::string name_;
  TcpTarget target_;
  std::vector<std::string> actions_ = {"connect"};
};

// Clients ask for NAME:PORT, and a host name is read in lower case.
void check_tunnel_name(Decoder& decoder, const Node& node, const std::string& name) {
  const auto authority = http::parse_authority(name);
  if (!authority || authority->host != name || ascii_lower(name) != name)
    decoder.refuse(node.at, fmt::format("the name '{}' of a tcp resource", name), "a host name in lower case",
                   "clients connect to NAME:PORT");
}

void read_upstream(Decoder& decoder, const Node& node, TcpTarget& out) {
  const auto text = decoder.string(node);
  if (!text) return;
  const auto authority = http::parse_authority(*text);
  if (!authority || !authority->port) {
    decoder.refuse(node.at, fmt::format("'{}'", *text), "host and port, such as \"db.internal:5432\"");
    return;
  }
  out.host = ascii_lower(authority->host);
  if (out.host.starts_with('[')) out.host = out.host.substr(1, out.host.size() - 2);
  out.port = *authority->port;
}

TcpTarget decode_target(Decoder& decoder, const Node& node) {
  TcpTarget target;
  yaml::Object fields(decoder, node, "tcp", {"upstream", "timeouts"});
  if (const Node* upstream = fields.require("upstream"); upstream != nullptr) read_upstream(decoder, *upstream, target);
  if (const Node* timeouts = fields.find("timeouts"); timeouts != nullptr) {
    yaml::Object times(decoder, *timeouts, "timeouts", {"connect", "idle", "stream"});
    times.read("connect", target.connect_time, kShortestWait, kLongestWait);
    times.read("idle", target.idle_time, kShortestWait, kLongestIdle);
    times.read("stream", target.stream_time, kShortestStream, kLongestStream);
  }
  return target;
}

}  // namespace

std::unique_ptr<Resource> decode_tcp_resource(Decoder& decoder, const std::string& name, const Node& node) {
  yaml::Object fields(decoder, node, "resource", {"tcp", "actions"});
  const Node *tcp = fields.require("tcp"), *actions = fields.find("actions");
  if (tcp == nullptr) return nullptr;
  if (actions != nullptr)
    decoder.refuse(actions->at, "'actions' of a tcp resource", "none: it has one action, 'connect'");
  check_tunnel_name(decoder, node, name);
  return std::make_unique<TcpResource>(name, decode_target(decoder, *tcp));
}

}  // namespace watchword::policy
