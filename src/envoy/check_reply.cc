#include "envoy/check_reply.h"

#include <array>
#include <utility>

#include "access/identity_headers.h"
#include "envoy/check_message.h"
#include "http/grpc.h"
#include "http/protobuf_fields.h"

namespace watchword::envoy {
namespace {

constexpr int kOverwriteOrAdd = 2;  // HeaderValueOption.HeaderAppendAction

void tell(wire::CheckResponse& response, const char* name, std::string_view value) {
  if (value.empty()) return;
  auto& field = (*response.mutable_dynamic_metadata()->mutable_fields())[name];
  field.set_string_value(std::string(value));
}

// An allow is written by hand: it is the answer to nearly every question, and most of it is always the same.
constexpr unsigned kStatus = 1, kOkResponse = 3, kMetadata = 4;  // of CheckResponse
constexpr unsigned kHeaders = 2, kHeadersToRemove = 5;           // of OkHttpResponse
constexpr std::string_view kOverwrite("\x12\x00\x18\x02", 4);    // of HeaderValueOption: append {}, append_action
constexpr std::size_t kAroundAllowed = 512;                      // beside the ok_response
using Told = std::array<std::pair<std::string_view, std::string_view>, 5>;

using http::append_field;
using http::append_field_head;
using http::field_size;

std::size_t overwrite_size(std::string_view name, std::string_view value) {
  return field_size(field_size(field_size(name.size()) + field_size(value.size())) + kOverwrite.size());
}
void append_overwrite(std::string& out, std::string_view name, std::string_view value) {
  const auto header = field_size(name.size()) + field_size(value.size());
  append_field_head(out, kHeaders, field_size(header) + kOverwrite.size());
  append_field_head(out, 1, header);
  append_field(out, 1, name);
  append_field(out, 2, value);
  out += kOverwrite;
}

// google.protobuf.Struct: its fields are a map of texts (3) by name.
void append_metadata(std::string& out, const Told& told) {
  const auto entry_size = [](const auto& one) {
    return field_size(one.first.size()) + field_size(field_size(one.second.size()));
  };
  std::size_t size = 0;
  for (const auto& one : told)
    if (!one.second.empty()) size += field_size(entry_size(one));
  append_field_head(out, kMetadata, size);
  for (const auto& one : told) {
    if (one.second.empty()) continue;
    append_field_head(out, 1, entry_size(one));
    append_field(out, 1, one.first);
    append_field_head(out, 2, field_size(one.second.size()));
    append_field(out, 3, one.second);
  }
}

}  // namespace

// Envoy looks at `append` where it is present and at `append_action` else, whose default is to append: a forged header
// would stay. So both are always set.
wire::HeaderValue& overwrite(wire::HeaderValueOption& option, std::string_view name) {
  option.mutable_append()->set_value(false);
  option.set_append_action(kOverwriteOrAdd);
  option.mutable_header()->set_key(std::string(name));
  return *option.mutable_header();
}

std::span<const std::string_view> always_removed() {
  static const auto names = [] {
    std::vector<std::string_view> all;
    for (const auto name : access::identity_headers())
      if (name != kAssertion && name != kTraceParent && name != kRequestId) all.push_back(name);
    return all;
  }();
  return names;
}

std::string allowed_response(const Allowed& allowed) {
  static const auto removed_always = [] {
    std::string fields;
    for (const auto name : always_removed()) append_field(fields, kHeadersToRemove, name);
    return fields;
  }();
  std::size_t ok_size = removed_always.size();
  for (const auto& header : allowed.set) ok_size += overwrite_size(header.name, header.value);
  if (!allowed.target.empty()) ok_size += overwrite_size(":path", allowed.target);
  for (const auto& name : allowed.remove) ok_size += field_size(name.size());

  std::string out(http::kGrpcPrefix, '\0');
  out.reserve(ok_size + kAroundAllowed);
  append_field(out, kStatus, {});  // whose code 0 is left out
  append_field_head(out, kOkResponse, ok_size);
  for (const auto& header : allowed.set) append_overwrite(out, header.name, header.value);
  if (!allowed.target.empty()) append_overwrite(out, ":path", allowed.target);
  out += removed_always;
  for (const auto& name : allowed.remove) append_field(out, kHeadersToRemove, name);
  append_metadata(out, {{{"decision", "allow"},
                         {"record", allowed.record},
                         {"session", allowed.session},
                         {"resource", allowed.resource},
                         {"action", allowed.action}}});
  http::set_grpc_prefix(out);
  return out;
}

std::string denied_response(const access::Refusal& refusal, const access::RefusalReply& reply) {
  UsualArena arena;
  auto& response = arena.make<wire::CheckResponse>();
  response.mutable_status()->set_code(std::to_underlying(http::grpc_code(refusal.error.reason)));
  auto& denied = *response.mutable_denied_response();
  denied.mutable_status()->set_code(reply.head.status);
  for (const auto& header : reply.head.headers) overwrite(*denied.add_headers(), header.name).set_value(header.value);
  denied.set_body(reply.body);
  tell(response, "decision", "deny");
  tell(response, "reason", name(refusal.error.reason));
  tell(response, "record", refusal.record);
  std::string out(http::kGrpcPrefix, '\0');
  response.AppendToString(&out);
  http::set_grpc_prefix(out);
  return out;
}

http::ResponseHead allowed_head(const Allowed& allowed) {
  http::ResponseHead head{200, allowed.set};
  std::string names;
  const auto add = [&](std::string_view name) { names.append(names.empty() ? "" : ",").append(name); };
  for (const auto name : always_removed()) add(name);
  for (const auto& name : allowed.remove) add(name);
  head.headers.add("x-envoy-auth-headers-to-remove", std::move(names));
  head.headers.add("x-watchword-record", allowed.record);
  head.headers.add("x-watchword-session", allowed.session);
  head.headers.add("x-watchword-resource", allowed.resource);
  head.headers.add("x-watchword-action", allowed.action);
  return head;
}

}  // namespace watchword::envoy
