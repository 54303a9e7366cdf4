// How an issuer's events do: when the last one came, how late they come, how often the API contradicted them.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/metrics.h"
#include "context/event.h"

namespace watchword::context {

// Any thread.
class EventStats {
 public:
  explicit EventStats(Metrics& metrics) : metrics_(metrics) {}

  // Of one issuer, at its arrival. Its own time is the newest that it names; a push names none.
  void event(std::string_view issuer, const std::vector<Change>& changes, Time now);
  void disagreed(std::string_view issuer, std::size_t facts);
  void restore(std::string_view issuer, Time last_event);  // from before the start

  std::uint64_t disagreeing(std::string_view issuer) const;  // since the start

 private:
  struct Issuer {
    Gauge& last_event;
    Histogram& lag;
    Counter& disagreeing;
  };
  Issuer& of(std::string_view issuer);

  Metrics& metrics_;
  mutable std::mutex mutex_;
  std::map<std::string, Issuer, std::less<>> issuers_;
};

}  // namespace watchword::context
