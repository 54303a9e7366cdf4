// Clients of introspection and revocation: backends that ask about tokens. client_secret_basic and private_key_jwt.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "http/uri.h"
#include "jose/jwt.h"

namespace watchword::access {

struct Client {
  std::string id;
  // "sha256:<hex>" of a secret that `watchword clients secret` made (256 random bits need no slow hash); or empty.
  std::string secret_sha256;
  std::shared_ptr<const jose::KeySet> keys;  // private_key_jwt; or null
  std::vector<std::string> resources;        // tokens it may ask about: those with one of these as audience
};

class Clients {
 public:
  // `audience`: what a private_key_jwt's aud must be: the issuer URL or one of the endpoints (RFC 7523 3).
  Clients(std::vector<Client> clients, std::vector<std::string> audiences);
  // client_unauthenticated, without saying whether the client exists. Both methods at once are refused (RFC 6749 2.3).
  Result<const Client*> authenticate(const std::string* authorization, const http::Form& form, Time now);

 private:
  Result<const Client*> by_basic(std::string_view credentials) const;
  Result<const Client*> by_assertion(std::string_view assertion, const http::Form& form, Time now);
  struct Known {
    Client client;
    std::optional<jose::Verifier> verifier;  // of its assertions, where it has keys
  };
  static constexpr std::size_t kMostAssertions = 100'000;  // remembered; over that they are refused for a while
  Status use_once(const std::string& id, Time forget, Time now);

  std::unordered_map<std::string, Known> clients_;
  std::vector<std::string> audiences_;
  std::mutex mutex_;
  std::unordered_map<std::string, Time> seen_;  // jti of assertions, until they expire
  Time next_sweep_{};
};

}  // namespace watchword::access
