// The check of doctor that compares clocks.
#include "cli/doctor_clock.h"

#include <chrono>

#include "http/uri.h"

namespace watchword::cli {
namespace {

constexpr Duration kResolution = std::chrono::seconds(1);  // of a Date header, which is cut to whole seconds
constexpr auto kMost = std::chrono::seconds(30);

Duration difference(Time theirs, Time asked, Time answered) {
  if (theirs > answered) return theirs - answered;
  if (theirs + kResolution < asked) return theirs + kResolution - asked;
  return Duration::zero();
}

}  // namespace

Result<http::FetchReply> ClockWatch::send(const http::FetchRequest& request, const http::FetchOptions& options) {
  const auto asked = clock_.now();
  auto reply = fetcher_.send(request, options);
  const auto url = http::parse_url(request.url);
  if (!reply || !reply->date || !url) return reply;
  const auto ahead = difference(*reply->date, asked, clock_.now());
  auto& kept = ahead_.try_emplace(url->host, ahead).first->second;
  if (std::chrono::abs(ahead) > std::chrono::abs(kept)) kept = ahead;
  return reply;
}

void check_clocks(const std::map<std::string, Duration>& ahead, Checks& checks) {
  for (const auto& [host, by] : ahead) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(std::chrono::abs(by));
    auto& check = checks.emplace_back("clock " + host);
    if (seconds <= kMost) {
      check.detail = "within " + std::to_string(seconds.count() + 1) + " s of ours";
      continue;
    }
    const bool theirs_is_ahead = by > Duration::zero();
    check.trouble = Error{theirs_is_ahead ? Reason::token_issued_in_future : Reason::token_expired,
                          "its clock is " + std::to_string(seconds.count()) + " s " +
                              (theirs_is_ahead ? "ahead of" : "behind") + " this machine's",
                          "clocks at most 30 s apart", host, "let both follow NTP; 'timedatectl' shows this machine's"};
  }
}

}  // namespace watchword::cli
