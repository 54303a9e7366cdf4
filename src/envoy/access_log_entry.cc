#include "envoy/access_log_entry.h"

#include <google/protobuf/arena.h>

#include <algorithm>
#include <utility>

#include "proto/access_log.pb.h"

namespace watchword::envoy {
namespace {

namespace wire = wire::accesslog;
using Flags = wire::ResponseFlags;

constexpr std::size_t kLongestText = 256;
constexpr std::uint64_t kMostBytes = (std::uint64_t{1} << 53) - 1;  // what every JSON reader takes exactly
constexpr std::int64_t kMostSeconds = 1'000'000'000;
constexpr int kDownstreamEnd = 6;

// As %RESPONSE_FLAGS% writes them, those that say how a request ended.
constexpr std::pair<bool (Flags::*)() const, std::string_view> kFlags[] = {
    {&Flags::failed_local_healthcheck, "LH"},
    {&Flags::no_healthy_upstream, "UH"},
    {&Flags::upstream_request_timeout, "UT"},
    {&Flags::local_reset, "LR"},
    {&Flags::upstream_remote_reset, "UR"},
    {&Flags::upstream_connection_failure, "UF"},
    {&Flags::upstream_connection_termination, "UC"},
    {&Flags::upstream_overflow, "UO"},
    {&Flags::no_route_found, "NR"},
    {&Flags::downstream_connection_termination, "DC"},
    {&Flags::upstream_retry_limit_exceeded, "URX"},
    {&Flags::stream_idle_timeout, "SI"},
    {&Flags::downstream_protocol_error, "DPE"},
    {&Flags::upstream_max_stream_duration_reached, "UMSDR"},
    {&Flags::duration_timeout, "DT"},
    {&Flags::upstream_protocol_error, "UPE"},
    {&Flags::no_cluster_found, "NC"},
    {&Flags::overload_manager, "OM"},
    {&Flags::dns_resolution_failure, "DF"},
    {&Flags::downstream_remote_reset, "DR"},
};

template <class Message>
Message* parse(google::protobuf::Arena& arena, std::string_view bytes) {
  auto* message = google::protobuf::Arena::CreateMessage<Message>(&arena);
  return message->ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) ? message : nullptr;
}

bool is_ulid(std::string_view text) {
  return text.size() == 26 && text.front() <= '7' &&
         text.find_first_not_of("0123456789ABCDEFGHJKMNPQRSTVWXYZ") == std::string_view::npos;
}

std::string bounded(std::string_view text) { return std::string(text.substr(0, kLongestText)); }

// The text of one member; empty when there is none.
std::string_view find(const wire::Struct& members, std::string_view name) {
  const auto found = std::ranges::find(members.fields(), name, [](const auto& field) { return field.key(); });
  return found == members.fields().end() ? std::string_view() : std::string_view(found->value().string_value());
}

// What the gate told Envoy with its decision. Null: nothing.
const wire::Struct* told_by_gate(const wire::Metadata& metadata) {
  for (const std::string_view filter : {"envoy.filters.http.ext_authz", "envoy.filters.http.ext_proc"}) {
    const auto& all = metadata.filter_metadata();
    const auto found = std::ranges::find(all, filter, [](const auto& one) { return one.key(); });
    if (found != all.end() && !find(found->value(), "record").empty()) return &found->value();
  }
  return nullptr;
}

std::string flags_of(const Flags& flags) {
  std::string text;
  for (const auto& [is_set, name] : kFlags)
    if ((flags.*is_set)()) text.append(text.empty() ? "" : ",").append(name);
  return text;
}

std::string upstream_of(const wire::AccessLogCommon& common) {
  const auto& address = common.upstream_remote_address();
  const auto& socket = address.socket_address();
  if (!address.pipe().path().empty()) return "unix:" + bounded(address.pipe().path());
  if (socket.address().empty()) return bounded(common.upstream_cluster());
  const bool v6 = socket.address().contains(':');
  const auto host = bounded(socket.address());
  return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(socket.port_value());
}

std::int64_t milliseconds(const wire::Duration& time) {
  return std::clamp<std::int64_t>(time.seconds(), 0, kMostSeconds) * 1000 +
         std::clamp(time.nanos(), 0, 999'999'999) / 1'000'000;
}

std::int64_t byte_count(std::uint64_t bytes) { return static_cast<std::int64_t>(std::min(bytes, kMostBytes)); }

Json detail_of(const wire::HTTPAccessLogEntry& entry, const std::string& record) {
  const auto& common = entry.common_properties();
  const auto& response = entry.response();
  Json detail = Json::object({{"request", record},
                              {"bytes_up", byte_count(entry.request().request_body_bytes())},
                              {"bytes_down", byte_count(response.response_body_bytes())}});
  if (const auto code = response.response_code().value(); code != 0)
    detail.set("status", static_cast<std::int64_t>(code));
  if (common.has_duration()) detail.set("duration_ms", milliseconds(common.duration()));
  if (auto upstream = upstream_of(common); !upstream.empty()) detail.set("upstream", std::move(upstream));
  if (auto ended = bounded(response.response_code_details()); !ended.empty()) detail.set("ended", std::move(ended));
  if (auto flags = flags_of(common.response_flags()); !flags.empty()) detail.set("flags", std::move(flags));
  return detail;
}

}  // namespace

Result<LogMessage> read_log_message(std::string_view message) {
  google::protobuf::Arena arena;
  if (message.size() > kMaxLogMessage) return fail(Reason::http_too_large, "a larger message");
  auto* parsed = parse<wire::StreamAccessLogsMessage>(arena, message);
  if (parsed == nullptr) return fail(Reason::request_invalid, "bytes that are no StreamAccessLogsMessage");
  auto& entries = *parsed->mutable_http_logs()->mutable_log_entry();
  if (static_cast<std::size_t>(entries.size()) > kMaxLogEntries)
    return fail(Reason::http_too_large, "more entries", "at most " + std::to_string(kMaxLogEntries) + " in a message");
  LogMessage out;
  out.http.reserve(static_cast<std::size_t>(entries.size()));
  for (auto& entry : entries) out.http.push_back(std::move(entry));
  out.others = static_cast<std::size_t>(parsed->tcp_logs().log_entry().size());
  return out;
}

LogEntry read_log_entry(std::string_view entry) {
  google::protobuf::Arena arena;
  LogEntry out;
  const auto* parsed = entry.size() > kMaxLogMessage ? nullptr : parse<wire::HTTPAccessLogEntry>(arena, entry);
  if (parsed == nullptr) return out;
  const auto& common = parsed->common_properties();
  const auto* told = told_by_gate(common.metadata());
  out.kind = LogEntry::Kind::no_record;
  if (told == nullptr || !is_ulid(find(*told, "record"))) return out;
  const auto type = common.access_log_type();
  out.kind = LogEntry::Kind::skipped;
  const bool over = (type == 0 || type == kDownstreamEnd) && !common.intermediate_log_entry();
  // What was let through, and cut later, names its session too.
  const bool refused = find(*told, "decision") == "deny" && find(*told, "session").empty();
  if (!over || refused) return out;
  out.kind = LogEntry::Kind::done;
  out.record = find(*told, "record");
  if (const auto session = find(*told, "session"); is_ulid(session)) out.session = session;
  out.resource = bounded(find(*told, "resource"));
  out.action = bounded(find(*told, "action"));
  out.detail = detail_of(*parsed, out.record);
  return out;
}

}  // namespace watchword::envoy
