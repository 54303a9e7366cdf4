// The check of doctor that compares clocks.
#include "cli/doctor_clock.h"

#include "http/clock_difference.h"
#include "http/uri.h"
#include "job/clock_check.h"

namespace watchword::cli {

Result<http::FetchReply> ClockWatch::send(const http::FetchRequest& request, const http::FetchOptions& options) {
  const auto asked = clock_.now();
  auto reply = fetcher_.send(request, options);
  const auto url = http::parse_url(request.url);
  if (!reply || !reply->date || !url) return reply;
  const auto ahead = http::clock_difference(*reply->date, asked, clock_.now());
  auto& kept = ahead_.try_emplace(url->host, ahead).first->second;
  if (std::chrono::abs(ahead) > std::chrono::abs(kept)) kept = ahead;
  return reply;
}

void check_clocks(const std::map<std::string, Duration>& ahead, Checks& checks) {
  for (const auto& [host, by] : ahead) checks.push_back(job::judge_clock(host, by));
}

}  // namespace watchword::cli
