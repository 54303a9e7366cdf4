// What the proxy needs beside the policy: upstream TLS contexts and injected credentials, resolved when a policy is
// loaded, so that a missing file or secret refuses the new policy and not a request.
#pragma once

#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "base/secret.h"
#include "gateway/upstream.h"
#include "http/client.h"
#include "policy/policy.h"

namespace watchword::gateway {

struct Route {
  const policy::Resource* resource = nullptr;
  http::Origin origin;                 // of the first endpoint; all have its scheme
  std::shared_ptr<Upstream> upstream;  // state that all loops share
  struct Injected {
    std::string name;
    Secret value;  // prefix and secret
  };
  std::vector<Injected> inject;
  std::vector<std::string> remove;  // headers and trailers of answers
  std::vector<Secret> redact;       // masked in answers (redact.h)
};

// Immutable but for the state of its upstreams; belongs to one policy and keeps it alive.
class Routes {
 public:
  // Every error, naming its resource: config_invalid, secret_unavailable.
  static std::expected<std::shared_ptr<const Routes>, std::vector<Error>> make(
      std::shared_ptr<const policy::Policy> policy);
  const Route* find(const policy::Resource& resource) const;
  std::vector<const Route*> all() const;
  void retire() const;  // another policy has taken over: what is done beside the requests (upstream_keeper.h) ends
  const std::shared_ptr<const policy::Policy>& policy() const { return policy_; }

 private:
  std::shared_ptr<const policy::Policy> policy_;
  std::unordered_map<const policy::Resource*, Route> routes_;
};

}  // namespace watchword::gateway
