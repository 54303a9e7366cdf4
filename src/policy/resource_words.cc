// Resources and freezes as texts to compare. A new field of HttpTarget or TcpTarget needs a line here: what is not
// here changes unseen.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "policy/http_resource.h"
#include "policy/tcp_resource.h"
#include "policy/words.h"

namespace watchword::policy {
namespace {

using Lines = std::vector<std::string>;

void add(Lines& out, std::string_view name, const auto& value) { out.push_back(fmt::format("{} {}", name, value)); }
void add(Lines& out, std::string_view name, Duration value) {
  out.push_back(fmt::format("{} {}", name, watchword::to_string(value)));
}
void add_set(Lines& out, std::string_view name, const std::string& value) {
  if (!value.empty()) add(out, name, value);
}

void add_upstream(Lines& out, const HttpUpstream& upstream) {
  for (const std::string& endpoint : upstream.endpoints) add(out, "upstream", endpoint);
  add(out, "protocol", static_cast<int>(upstream.protocol));
  add(out, "balance", static_cast<int>(upstream.balance));
  if (upstream.health)
    out.push_back(fmt::format("health {} every {}, timeout {}, {} healthy, {} unhealthy", upstream.health->path,
                              watchword::to_string(upstream.health->every),
                              watchword::to_string(upstream.health->timeout), upstream.health->healthy,
                              upstream.health->unhealthy));
  out.push_back(fmt::format("eject after {} for {}", upstream.eject_after, watchword::to_string(upstream.eject_time)));
  add(out, "retries", upstream.retries);
  add(out, "max_requests", upstream.max_requests);
  add(out, "resolve_every", upstream.resolve_every);
  if (upstream.proxy_protocol) out.emplace_back("proxy_protocol");
}

void add_target(Lines& out, const HttpTarget& target) {
  add(out, "kind", name(target.kind));
  add_upstream(out, target.upstream);
  add_set(out, "host", target.host);
  add_set(out, "prefix", target.prefix);
  if (target.allow_ambiguous_paths) out.emplace_back("ambiguous_paths allow");
  add_set(out, "ca", target.ca_file);
  add_set(out, "client_certificate", target.client_certificate);
  add_set(out, "client_key", target.client_key);
  add_set(out, "server_name", target.server_name);
  for (const auto& header : target.inject)
    out.push_back(fmt::format("inject {}: {}{}", header.name, header.prefix, header.secret));
  for (const auto& header : target.remove_response_headers) add(out, "remove_header", header);
  if (target.redact) out.emplace_back("redact");
  add(out, "connect_time", target.connect_time);
  add(out, "response_time", target.response_time);
  add(out, "idle_time", target.idle_time);
  add(out, "stream_time", target.stream_time);
}

void add_target(Lines& out, const TcpTarget& target) {
  out.push_back(fmt::format("upstream {}:{}", target.host, target.port));
  add(out, "connect_time", target.connect_time);
  add(out, "idle_time", target.idle_time);
  add(out, "stream_time", target.stream_time);
}

std::string in_words(const HttpRule& rule) {
  Lines paths;
  for (const Pattern& path : rule.paths) paths.push_back(path.text());
  return fmt::format("{}{} on {}", rule.websocket ? "WebSocket " : "", fmt::join(rule.methods, " "),
                     fmt::join(paths, " "));
}

std::string in_words(const Span& span) { return fmt::format("{} {}", to_rfc3339(span.from), to_rfc3339(span.until)); }
std::string in_words(const Weekly& weekly) {
  const auto moment = [](const WeekMoment& at) { return fmt::format("{} {}", at.day.c_encoding(), at.time.count()); };
  return moment(weekly.from) + " - " + moment(weekly.until);
}

}  // namespace

std::vector<std::string> settings_of(const Resource& resource) {
  Lines out;
  if (const HttpTarget* http = resource.http()) add_target(out, *http);
  if (const TcpTarget* tcp = resource.tcp()) add_target(out, *tcp);
  return out;
}

std::vector<std::string> actions_of(const Resource& resource) {
  Lines out;
  const auto* http = dynamic_cast<const HttpResource*>(&resource);
  for (std::size_t i = 0; i < resource.actions().size(); ++i) {
    if (http == nullptr) {
      out.push_back(resource.actions()[i]);
      continue;
    }
    for (const HttpRule& rule : http->rules()[i])
      out.push_back(fmt::format("{}: {}", resource.actions()[i], in_words(rule)));
  }
  return out;
}

// A zone is known by what its clock shows: two names of one zone are alike.
std::string canonical(const FreezeWindow& window) {
  constexpr int kMonths = 24;
  Lines out;
  for (const Pattern& one : window.environments) add(out, "environment", one.text());
  for (const Pattern& one : window.projects) add(out, "project", one.text());
  std::ranges::sort(out);
  out.push_back(std::visit([](const auto& when) { return in_words(when); }, window.when));
  if (std::holds_alternative<Weekly>(window.when))
    for (int month = 0; month < kMonths; ++month)
      add(out, "offset", window.zone.offset_at(from_unix(1'767'225'600) + month * std::chrono::days(30)).count());
  return fmt::format("{}", fmt::join(out, "\n"));
}

}  // namespace watchword::policy
