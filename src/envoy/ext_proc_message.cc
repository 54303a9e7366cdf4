#include "envoy/ext_proc_message.h"

#include <charconv>
#include <utility>

#include "envoy/check_message.h"
#include "http/grpc.h"
#include "proto/ext_proc.pb.h"

namespace watchword::envoy {
namespace {

bool parse(google::protobuf::MessageLite& message, std::string_view bytes) {
  return bytes.size() <= kMaxCheckRequest && message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

// "192.0.2.7:4242", "[2001:db8::1]:4242". What is neither says nothing.
void set_client(wire::SocketAddress& into, std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return;
  const auto port = text.substr(colon + 1);
  std::uint16_t number = 0;
  const auto [end, failed] = std::from_chars(port.begin(), port.end(), number);
  if (failed != std::errc() || end != port.end()) return;
  auto host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  into.set_address(std::string(host));
  into.set_port_value(number);
}

void overwrite_all(wire::HeaderMutation& mutation, const http::Headers& headers) {
  for (const auto& header : headers) overwrite(*mutation.add_set_headers(), header.name).set_raw_value(header.value);
}

void tell(wire::ProcessingResponse& response, const char* name, std::string_view value) {
  if (value.empty()) return;
  auto& told = (*response.mutable_dynamic_metadata()->mutable_fields())[std::string(kDecisionNamespace)];
  (*told.mutable_struct_value()->mutable_fields())[name].set_string_value(std::string(value));
}

}  // namespace

Result<CheckRequest> read_request_headers(std::string_view message, std::string_view resource) {
  UsualArena arena;
  auto& asked = arena.make<wire::ProcessingRequest>();
  if (!parse(asked, message)) return fail(Reason::request_invalid, "bytes that are no ProcessingRequest");
  if (!asked.has_request_headers())
    return fail(Reason::request_invalid, "a call that does not begin with the request's headers",
                "processing_mode: {request_header_mode: SEND}");
  if (asked.observability_mode())
    return fail(Reason::request_invalid, "observability_mode, in which no answer counts", "not set");
  auto& check = arena.make<wire::CheckRequest>();
  auto& attributes = *check.mutable_attributes();
  auto& headers = *asked.mutable_request_headers()->mutable_headers();
  attributes.mutable_request()->mutable_http()->mutable_header_map()->Swap(&headers);
  for (const auto& [filter, told] : asked.attributes())
    if (const auto found = told.fields().find(std::string(kClientAttribute)); found != told.fields().end())
      set_client(*attributes.mutable_source()->mutable_address()->mutable_socket_address(),
                 found->second.string_value());
  WW_TRY(auto question, read_check(check));
  question.resource = resource;
  return question;
}

LaterMessage read_later(std::string_view message) {
  UsualArena arena;
  auto& later = arena.make<wire::ProcessingRequest>();
  return parse(later, message) && later.has_response_trailers() ? LaterMessage::response_trailers : LaterMessage::other;
}

std::string pass_headers(const Allowed& allowed) {
  UsualArena arena;
  auto& response = arena.make<wire::ProcessingResponse>();
  auto& mutation = *response.mutable_request_headers()->mutable_response()->mutable_header_mutation();
  overwrite_all(mutation, allowed.set);
  if (!allowed.target.empty()) overwrite(*mutation.add_set_headers(), ":path").set_raw_value(allowed.target);
  for (const auto name : always_removed()) mutation.add_remove_headers(std::string(name));
  for (const auto& name : allowed.remove) mutation.add_remove_headers(name);
  tell(response, "decision", "allow");
  tell(response, "record", allowed.record);
  tell(response, "session", allowed.session);
  tell(response, "resource", allowed.resource);
  tell(response, "action", allowed.action);
  return response.SerializeAsString();
}

std::string pass_trailers() {
  wire::ProcessingResponse response;
  response.mutable_response_trailers();
  return response.SerializeAsString();
}

std::string end_with(const access::Refusal& refusal, const access::RefusalReply& reply, access::Speaks client) {
  UsualArena arena;
  auto& response = arena.make<wire::ProcessingResponse>();
  auto& end = *response.mutable_immediate_response();
  end.mutable_status()->set_code(reply.head.status);
  overwrite_all(*end.mutable_headers(), reply.head.headers);
  end.set_body(reply.body);
  if (client == access::Speaks::grpc)
    end.mutable_grpc_status()->set_status(std::to_underlying(http::grpc_code(refusal.error.reason)));
  end.set_details("watchword:" + std::string(name(refusal.error.reason)));
  tell(response, "decision", "deny");
  tell(response, "reason", name(refusal.error.reason));
  tell(response, "record", refusal.record);
  return response.SerializeAsString();
}

}  // namespace watchword::envoy
