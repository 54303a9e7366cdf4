#include "context/job_tokens.h"

#include <algorithm>

namespace watchword::context {

bool JobTokens::accepts(std::string_view issuer) const { return std::ranges::find(issuers_, issuer) != issuers_.end(); }

void JobTokens::put(std::string_view issuer, std::string_view job, Secret token) {
  const std::lock_guard lock(mutex_);
  offered_[key(issuer, job)].token = std::move(token);
}

std::optional<Secret> JobTokens::find(std::string_view issuer, std::string_view job) const {
  const std::lock_guard lock(mutex_);
  const auto found = offered_.find(key(issuer, job));
  if (found == offered_.end()) return std::nullopt;
  return found->second.token.clone();
}

void JobTokens::drop(std::string_view issuer, std::string_view job) {
  const std::lock_guard lock(mutex_);
  offered_.erase(key(issuer, job));
}

bool JobTokens::refused(std::string_view issuer, std::string_view job, Time now) {
  const std::lock_guard lock(mutex_);
  const auto found = offered_.find(key(issuer, job));
  if (found == offered_.end()) return false;
  auto& since = found->second.refused_since;
  if (!since || now < *since) since = now;  // a clock that was set back begins anew
  return now - *since >= kApart;
}

void JobTokens::taken(std::string_view issuer, std::string_view job) {
  const std::lock_guard lock(mutex_);
  if (const auto found = offered_.find(key(issuer, job)); found != offered_.end()) found->second.refused_since.reset();
}

}  // namespace watchword::context
