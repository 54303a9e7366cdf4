// Outbound control calls (discovery, key sets, later the GitLab API and STS) by libcurl: https only, small answers,
// no redirects, time limits. Blocking: called from worker threads, never from a loop.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>

#include "base/result.h"

namespace watchword::http {

struct FetchOptions {
  bool allow_loopback_http = false;  // http:// only towards a loopback address, by explicit choice
  std::string ca_file;               // PEM; trusts these only. Empty: the system's authorities
  std::chrono::milliseconds connect_time{3000};
  std::chrono::milliseconds total_time{10000};
  std::size_t max_bytes = 1 << 20;
};

struct FetchReply {
  int status = 0;
  std::string content_type;                     // without parameters, lower case
  std::optional<std::chrono::seconds> max_age;  // Cache-Control max-age
  std::string body;
};

// HTTPS_PROXY, NO_PROXY and friends are honoured, but never for a loopback address. issuer_unavailable with the URL and
// what went wrong. Any status is returned: whether it is 200 is for the caller to judge.
class Fetcher {
 public:
  virtual ~Fetcher() = default;
  virtual Result<FetchReply> get(const std::string& url, const FetchOptions& options) = 0;
};

class CurlFetcher final : public Fetcher {
 public:
  Result<FetchReply> get(const std::string& url, const FetchOptions& options) override;
};

}  // namespace watchword::http
