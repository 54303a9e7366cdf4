// Outbound control calls (discovery, key sets, later the GitLab API and STS) by libcurl: https only, small answers,
// no redirects, time limits. Blocking: called from worker threads, never from a loop.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/secret.h"

namespace watchword::http {

struct FetchOptions {
  bool allow_loopback_http = false;  // http:// only towards a loopback address, by explicit choice
  std::string ca_file;               // PEM; trusts these only. Empty: the system's authorities
  std::chrono::milliseconds connect_time{3000};
  std::chrono::milliseconds total_time{10000};
  std::size_t max_bytes = 1 << 20;
};

// What is asked. Header values may hold credentials.
struct FetchRequest {
  std::string method = "GET";  // GET, POST, PUT, DELETE
  std::string url;
  std::vector<std::pair<std::string, Secret>> headers = {};
  std::string body = {};  // JSON; sent when not empty
};

struct FetchReply {
  int status = 0;
  std::string content_type;                              // without parameters, lower case
  std::optional<std::chrono::seconds> max_age;           // Cache-Control max-age
  std::optional<std::chrono::seconds> retry_after = {};  // of 429 and 503; a date is not understood
  std::optional<Time> date = {};  // the server's clock when it answered, to the second: Date, and Age of a cache
  std::string next_page = {};     // the URL of Link rel="next" (RFC 8288) of the same origin; empty: none
  std::string body;
};

// HTTPS_PROXY, NO_PROXY and friends are honoured, but never for a loopback address. issuer_unavailable with the URL and
// what went wrong. Any status is returned: whether it is 200 is for the caller to judge.
class Fetcher {
 public:
  virtual ~Fetcher() = default;
  virtual Result<FetchReply> send(const FetchRequest& request, const FetchOptions& options) = 0;
  Result<FetchReply> get(const std::string& url, const FetchOptions& options);  // send() with nothing else
};

class CurlFetcher final : public Fetcher {
 public:
  Result<FetchReply> send(const FetchRequest& request, const FetchOptions& options) override;
};

}  // namespace watchword::http
