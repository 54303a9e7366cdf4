// Counters, gauges and histograms, shown as OpenMetrics text. Adding to one is a relaxed atomic, no lock, no look-up:
// make the metric once, keep the reference.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace watchword {

class Counter {
 public:
  void add(std::uint64_t by = 1) { value_.fetch_add(by, std::memory_order_relaxed); }
  std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

class Gauge {
 public:
  void set(std::int64_t value) { value_.store(value, std::memory_order_relaxed); }
  void add(std::int64_t by) { value_.fetch_add(by, std::memory_order_relaxed); }
  std::int64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::int64_t> value_{0};
};

// Durations in seconds, in buckets from 50 us to 10 s.
class Histogram {
 public:
  static constexpr std::array<double, 12> kBounds{0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.005,
                                                  0.01,    0.05,   0.1,     0.5,    1.0,   10.0};
  void observe(double seconds);

 private:
  friend class Metrics;
  std::array<std::atomic<std::uint64_t>, kBounds.size() + 1> counts_{};
  std::atomic<std::uint64_t> sum_us_{0};
};

using Labels = std::vector<std::pair<std::string, std::string>>;

// Owns the metrics; references stay valid as long as it lives. Registering takes a lock and finds an existing metric of
// the same name and labels. Label values must come from a closed set (reasons, issuer names), never from a request.
class Metrics {
 public:
  Counter& counter(std::string_view name, std::string_view help, Labels labels = {});
  Gauge& gauge(std::string_view name, std::string_view help, Labels labels = {});
  Histogram& histogram(std::string_view name, std::string_view help, Labels labels = {});
  std::string render() const;  // application/openmetrics-text; version=1.0.0

 private:
  template <class M>
  struct Named {
    std::string name, help;
    Labels labels;
    M metric;
  };
  template <class M>
  static M& find_or_add(std::deque<Named<M>>& all, std::string_view name, std::string_view help, Labels&& labels);
  mutable std::mutex mutex_;
  std::deque<Named<Counter>> counters_;
  std::deque<Named<Gauge>> gauges_;
  std::deque<Named<Histogram>> histograms_;
};

}  // namespace watchword
