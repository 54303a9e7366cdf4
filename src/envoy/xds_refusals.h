// Envoys that the gate does not know: each is counted, and put on record as node_refused and logged at a bounded rate.
#pragma once

#include <map>
#include <mutex>
#include <string>

#include "access/recorder.h"
#include "base/metrics.h"
#include "base/random.h"
#include "http/handler.h"

namespace watchword::envoy {

// Any thread. An Envoy that is refused comes again every few seconds: one record a minute for each name and address,
// and no more in all than Recorder lets callers have that nobody verified.
class XdsRefusals {
 public:
  static constexpr Duration kOncePer = std::chrono::minutes(1);

  // All outlive it.
  XdsRefusals(access::Recorder& recorder, Metrics& metrics, Random& random);
  void note(const http::Exchange& exchange, const Error& refusal);  // `refusal.found`: the name, printable

 private:
  bool is_due(const std::string& name, const std::string& address, Time now);

  static constexpr std::size_t kMostKnown = 128;  // a minute; more are counted only
  access::Recorder& recorder_;
  Random& random_;
  Counter& count_;
  std::mutex mutex_;
  std::map<std::pair<std::string, std::string>, Time> last_;  // by name and address
};

}  // namespace watchword::envoy
