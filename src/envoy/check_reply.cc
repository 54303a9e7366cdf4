#include "envoy/check_reply.h"

#include <google/protobuf/arena.h>

#include <utility>

#include "http/grpc.h"
#include "proto/ext_authz.pb.h"

namespace watchword::envoy {
namespace {

constexpr int kOverwriteOrAdd = 2;  // HeaderValueOption.HeaderAppendAction

// Envoy looks at `append` where it is present and at `append_action` else, whose default is to append: a forged header
// would stay. So both are always set.
void overwrite(wire::HeaderValueOption& option, const std::string& name, const std::string& value) {
  option.mutable_header()->set_key(name);
  option.mutable_header()->set_value(value);
  option.mutable_append()->set_value(false);
  option.set_append_action(kOverwriteOrAdd);
}

void tell(wire::CheckResponse& response, const char* name, std::string_view value) {
  if (value.empty()) return;
  auto& field = (*response.mutable_dynamic_metadata()->mutable_fields())[name];
  field.set_string_value(std::string(value));
}

wire::CheckResponse& new_response(google::protobuf::Arena& arena) {
  return *google::protobuf::Arena::CreateMessage<wire::CheckResponse>(&arena);
}

}  // namespace

std::string allowed_response(const Allowed& allowed) {
  google::protobuf::Arena arena;
  auto& response = new_response(arena);
  response.mutable_status()->set_code(std::to_underlying(http::GrpcCode::ok));
  auto& ok = *response.mutable_ok_response();
  for (const auto& header : allowed.set) overwrite(*ok.add_headers(), header.name, header.value);
  if (!allowed.target.empty()) overwrite(*ok.add_headers(), ":path", allowed.target);
  for (const auto& name : allowed.remove) ok.add_headers_to_remove(name);
  tell(response, "decision", "allow");
  tell(response, "record", allowed.record);
  tell(response, "session", allowed.session);
  tell(response, "resource", allowed.resource);
  tell(response, "action", allowed.action);
  return response.SerializeAsString();
}

std::string denied_response(const access::Refusal& refusal, const access::RefusalReply& reply) {
  google::protobuf::Arena arena;
  auto& response = new_response(arena);
  response.mutable_status()->set_code(std::to_underlying(http::grpc_code(refusal.error.reason)));
  auto& denied = *response.mutable_denied_response();
  denied.mutable_status()->set_code(reply.head.status);
  for (const auto& header : reply.head.headers) overwrite(*denied.add_headers(), header.name, header.value);
  denied.set_body(reply.body);
  tell(response, "decision", "deny");
  tell(response, "reason", name(refusal.error.reason));
  tell(response, "record", refusal.record);
  return response.SerializeAsString();
}

http::ResponseHead allowed_head(const Allowed& allowed) {
  http::ResponseHead head{200, allowed.set};
  std::string names;
  for (const auto& name : allowed.remove) names += (names.empty() ? "" : ",") + name;
  head.headers.add("x-envoy-auth-headers-to-remove", std::move(names));
  head.headers.add("x-watchword-record", allowed.record);
  head.headers.add("x-watchword-session", allowed.session);
  head.headers.add("x-watchword-resource", allowed.resource);
  head.headers.add("x-watchword-action", allowed.action);
  return head;
}

}  // namespace watchword::envoy
