// Resources as policy files describe them. A resource is of exactly one kind; http is the first.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "policy/pattern.h"
#include "policy/policy.h"
#include "policy/yaml/decode.h"

namespace watchword::policy {

// Which requests one action covers: any of `methods` on any of `paths`.
struct HttpRule {
  std::vector<std::string> methods;  // "*" is every method
  std::vector<Pattern> paths;
};

class HttpResource final : public Resource {
 public:
  HttpResource(std::string name, HttpTarget target) : name_(std::move(name)), target_(std::move(target)) {}
  void add(std::string action, std::vector<HttpRule> rules);

  const std::string& name() const override { return name_; }
  const HttpTarget* http() const override { return &target_; }
  const std::string* action_for(std::string_view method, std::string_view path) const override;
  const std::vector<std::string>& actions() const override { return actions_; }

 private:
  std::string name_;
  HttpTarget target_;
  std::vector<std::string> actions_;
  std::vector<std::vector<HttpRule>> rules_;  // of the action at the same position
};

// The resource at `node`; null when errors were noted.
std::unique_ptr<Resource> decode_resource(yaml::Decoder& decoder, const std::string& name, const yaml::Node& node);

// Names of resources, actions and roles: letters, digits, '.', '_' and '-', beginning with a letter or digit.
bool check_name(yaml::Decoder& decoder, std::string_view kind, const yaml::Key& key);

}  // namespace watchword::policy
