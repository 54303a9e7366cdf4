// Resources that are asked by HTTP requests: APIs, gRPC services, WebSockets.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "policy/pattern.h"
#include "policy/policy.h"
#include "policy/yaml/decode.h"

namespace watchword::policy {

// Which requests an action covers: any of `methods` on any of `paths`, and either only those that want to become a
// WebSocket or only those that do not.
struct HttpRule {
  std::vector<std::string> methods;  // "*" is every method
  std::vector<Pattern> paths;
  bool websocket = false;
  bool grpc = false;  // written as such; covers what the methods and paths say
};

class HttpResource final : public Resource {
 public:
  HttpResource(std::string name, HttpTarget target) : name_(std::move(name)), target_(std::move(target)) {}
  void add(std::string action, std::vector<HttpRule> rules);

  const std::string& name() const override { return name_; }
  const std::vector<std::string>& actions() const override { return actions_; }
  const HttpTarget* http() const override { return &target_; }
  const std::string* action_for(const Request& request) const override;
  std::vector<std::string> warnings() const override;
  bool takes_websockets() const;
  const std::vector<std::vector<HttpRule>>& rules() const { return rules_; }  // as actions()

 private:
  std::string name_;
  HttpTarget target_;
  std::vector<std::string> actions_;
  std::vector<std::vector<HttpRule>> rules_;  // of the action at the same position
};

// Both note errors; what they make is then incomplete and not for use.
void decode_actions(yaml::Decoder& decoder, const yaml::Node& node, HttpResource& resource);
std::unique_ptr<Resource> decode_http_resource(yaml::Decoder& decoder, const std::string& name, const yaml::Node& node);

}  // namespace watchword::policy
