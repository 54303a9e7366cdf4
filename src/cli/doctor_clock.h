// How far the clocks of those that doctor asks are from ours, as their answers tell.
#pragma once

#include <map>
#include <string>

#include "base/clock.h"
#include "cli/doctor.h"
#include "http/fetch.h"

namespace watchword::cli {

// Asks through another fetcher, and keeps for each host the largest difference that an answer showed.
class ClockWatch final : public http::Fetcher {
 public:
  ClockWatch(http::Fetcher& fetcher, const Clock& clock) : fetcher_(fetcher), clock_(clock) {}
  Result<http::FetchReply> send(const http::FetchRequest& request, const http::FetchOptions& options) override;
  // By host; positive: its clock is ahead of ours. What a second's resolution and the time of the question explain is
  // no difference.
  const std::map<std::string, Duration>& ahead() const { return ahead_; }

 private:
  http::Fetcher& fetcher_;
  const Clock& clock_;
  std::map<std::string, Duration> ahead_;
};

void check_clocks(const std::map<std::string, Duration>& ahead, Checks& checks);

}  // namespace watchword::cli
