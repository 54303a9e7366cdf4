// OpenMetrics text exposition 1.0.0 (https://prometheus.io/docs/specs/om/open_metrics_spec/).
#include "base/metrics.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

namespace watchword {
namespace {

// Escapes of label values and help texts: backslash, line feed, quote.
std::string escaped(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (c == '\\')
      out += "\\\\";
    else if (c == '\n')
      out += "\\n";
    else if (c == '"')
      out += "\\\"";
    else
      out += c;
  }
  return out;
}

// {a="b",c="d"}, with `extra` (already in that form) at the end.
std::string label_set(const Labels& labels, std::string_view extra = {}) {
  std::string out;
  for (const auto& [key, value] : labels)
    out += fmt::format("{}{}=\"{}\"", out.empty() ? "" : ",", key, escaped(value));
  if (!extra.empty()) out += fmt::format("{}{}", out.empty() ? "" : ",", extra);
  return out.empty() ? out : "{" + out + "}";
}

std::string number(double value) {
  std::string out = fmt::format("{}", value);
  if (out.find_first_of(".e") == std::string::npos) out += ".0";
  return out;
}

// A family's samples stand together under its TYPE and HELP (the specification demands it), families sorted by name.
struct Family {
  std::string_view type;
  std::string help;
  std::string samples;
};
using Families = std::map<std::string, Family>;

std::string& samples_of(Families& families, const std::string& name, std::string_view type, const std::string& help) {
  return families.try_emplace(name, Family{type, help, {}}).first->second.samples;
}

// The family of a counter is named without the suffix that its samples carry.
std::string counter_family(std::string name) {
  constexpr std::string_view kSuffix = "_total";
  if (name.ends_with(kSuffix)) name.resize(name.size() - kSuffix.size());
  return name;
}

}  // namespace

void Histogram::observe(double seconds) {
  const double value = seconds > 0 ? seconds : 0;  // a clock that was set back, or NaN
  const auto bucket = std::ranges::lower_bound(kBounds, value) - kBounds.begin();
  counts_[static_cast<std::size_t>(bucket)].fetch_add(1, std::memory_order_relaxed);
  const double us = std::min(value * 1e6, 1e15);
  sum_us_.fetch_add(static_cast<std::uint64_t>(std::llround(us)), std::memory_order_relaxed);
}

template <class M>
M& Metrics::find_or_add(std::deque<Named<M>>& all, std::string_view name, std::string_view help, Labels&& labels) {
  const auto found = std::ranges::find_if(all, [&](const auto& m) { return m.name == name && m.labels == labels; });
  if (found != all.end()) return found->metric;
  auto& added = all.emplace_back();
  added.name = name;
  added.help = help;
  added.labels = std::move(labels);
  return added.metric;
}

Counter& Metrics::counter(std::string_view name, std::string_view help, Labels labels) {
  const std::lock_guard lock(mutex_);
  return find_or_add(counters_, counter_family(std::string(name)), help, std::move(labels));
}

Gauge& Metrics::gauge(std::string_view name, std::string_view help, Labels labels) {
  const std::lock_guard lock(mutex_);
  return find_or_add(gauges_, name, help, std::move(labels));
}

Histogram& Metrics::histogram(std::string_view name, std::string_view help, Labels labels) {
  const std::lock_guard lock(mutex_);
  return find_or_add(histograms_, name, help, std::move(labels));
}

std::string Metrics::render() const {
  const std::lock_guard lock(mutex_);
  Families families;
  for (const auto& c : counters_)
    samples_of(families, c.name, "counter", c.help) +=
        fmt::format("{}_total{} {}\n", c.name, label_set(c.labels), c.metric.value());
  for (const auto& g : gauges_)
    samples_of(families, g.name, "gauge", g.help) +=
        fmt::format("{}{} {}\n", g.name, label_set(g.labels), g.metric.value());
  for (const auto& h : histograms_) {
    std::string& out = samples_of(families, h.name, "histogram", h.help);
    std::uint64_t below = 0;
    for (std::size_t i = 0; i < h.metric.counts_.size(); ++i) {
      below += h.metric.counts_[i].load(std::memory_order_relaxed);
      const std::string bound = i < Histogram::kBounds.size() ? number(Histogram::kBounds[i]) : "+Inf";
      out += fmt::format("{}_bucket{} {}\n", h.name, label_set(h.labels, "le=\"" + bound + "\""), below);
    }
    const double sum = static_cast<double>(h.metric.sum_us_.load(std::memory_order_relaxed)) / 1e6;
    out += fmt::format("{0}_sum{1} {2}\n{0}_count{1} {3}\n", h.name, label_set(h.labels), number(sum), below);
  }
  std::string out;
  for (const auto& [name, family] : families)
    out += fmt::format("# TYPE {0} {1}\n# HELP {0} {2}\n{3}", name, family.type, escaped(family.help), family.samples);
  return out + "# EOF\n";
}

}  // namespace watchword
