// Tokens that jobs have offered, so that the CI system can be asked with them whether the job still runs (GitLab's
// CI_JOB_TOKEN). In memory only: a restart forgets them.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/secret.h"

namespace watchword::context {

// One token per job, wiped when it is dropped or replaced. Any thread.
class JobTokens {
 public:
  static constexpr std::size_t kMaxBytes = 4096;  // of one token
  static constexpr Duration kApart = std::chrono::seconds(5);

  // Issuers that can be asked. Set before serving.
  void accept_from(std::vector<std::string> issuers) { issuers_ = std::move(issuers); }
  bool accepts(std::string_view issuer) const;

  void put(std::string_view issuer, std::string_view job, Secret token);
  std::optional<Secret> find(std::string_view issuer, std::string_view job) const;  // a copy
  void drop(std::string_view issuer, std::string_view job);

  // What the CI system said to the job's token. True when it was refused for the second time in a row, kApart after the
  // first: a token that it takes back when the job ends. A new token of the job does not begin anew.
  bool refused(std::string_view issuer, std::string_view job, Time now);
  void taken(std::string_view issuer, std::string_view job);

 private:
  struct Offered {
    Secret token;
    std::optional<Time> refused_since;
  };
  using Key = std::pair<std::string, std::string>;
  static Key key(std::string_view issuer, std::string_view job) { return {std::string(issuer), std::string(job)}; }

  std::vector<std::string> issuers_;
  mutable std::mutex mutex_;  // of the next
  std::map<Key, Offered> offered_;
};

}  // namespace watchword::context
