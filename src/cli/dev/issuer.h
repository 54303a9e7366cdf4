// The issuer of `watchword dev`: a stand-in for GitLab on loopback that mints GitLab-shaped ID tokens for whoever asks.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "api/router.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/random.h"
#include "base/result.h"
#include "crypto/key.h"
#include "http/uri.h"

namespace watchword::cli {

class DevIssuer {
 public:
  // RS256 with a new key, as GitLab signs. `url`: its own.
  static Result<std::unique_ptr<DevIssuer>> make(std::string url, std::string audience, const Clock& clock,
                                                 Random& random);
  // GET /.well-known/openid-configuration, /oauth/discovery/keys, and /token: the query sets claims by name
  // (project_path=..., job_id=..., ref=..., aud=...) and expires_in in seconds, which may be negative.
  void add_to(api::Router& router);
  Result<std::string> mint(const http::Form& wanted) const;

 private:
  DevIssuer(std::string url, std::string audience, crypto::PrivateKey key, const Clock& clock, Random& random);
  Json claims(const http::Form& wanted) const;
  std::string url_, audience_, kid_;
  crypto::PrivateKey key_;
  const Clock& clock_;
  Random& random_;
  mutable std::atomic<int> next_job_ = 4711;  // of a token that names none: each is of a job of its own
};

}  // namespace watchword::cli
