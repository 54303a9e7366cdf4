#include "http/grpc.h"

#include <algorithm>
#include <utility>

#include "base/encoding.h"
#include "http/problem.h"
#include "http/protobuf_fields.h"

namespace watchword::http {
namespace {

constexpr std::size_t kLongestMessage = 512;  // of grpc-message, and of each text in the details: clients limit headers

constexpr std::pair<Reason, GrpcCode> kOwnCode[] = {
    {Reason::method_not_allowed, GrpcCode::unimplemented}, {Reason::upgrade_unsupported, GrpcCode::unimplemented},
    {Reason::http_timeout, GrpcCode::deadline_exceeded},   {Reason::http_too_large, GrpcCode::resource_exhausted},
    {Reason::limit_reached, GrpcCode::resource_exhausted},
};

GrpcCode code_of_kind(ReasonKind kind) {
  switch (kind) {
    case ReasonKind::unauthenticated:
      return GrpcCode::unauthenticated;
    case ReasonKind::denied:
      return GrpcCode::permission_denied;
    case ReasonKind::invalid:
      return GrpcCode::invalid_argument;
    case ReasonKind::not_found:
      return GrpcCode::not_found;
    case ReasonKind::unavailable:
    case ReasonKind::upstream:
      return GrpcCode::unavailable;
    case ReasonKind::upstream_timeout:
      return GrpcCode::deadline_exceeded;
    case ReasonKind::error:
    case ReasonKind::config:
    case ReasonKind::corrupt:
      return GrpcCode::internal;
  }
}

std::string_view shortened(std::string_view text) {
  auto size = std::min(text.size(), kLongestMessage);
  while (size > 0 && size < text.size() && (static_cast<unsigned char>(text[size]) & 0xc0) == 0x80) --size;
  return text.substr(0, size);
}

// Of the message that `input` begins with; nullopt: it is not whole yet.
Result<std::optional<std::size_t>> message_length(std::string_view input, std::size_t max_bytes) {
  if (input.size() < kGrpcPrefix) return std::nullopt;
  if (input[0] != 0)
    return fail(Reason::http_malformed, input[0] == 1 ? "a compressed message" : "unknown flags of a message",
                "a plain gRPC message");
  std::size_t length = 0;
  for (std::size_t i = 1; i < kGrpcPrefix; ++i) length = length << 8 | static_cast<unsigned char>(input[i]);
  if (length > max_bytes)
    return fail(Reason::http_too_large, "a message of " + std::to_string(length) + " bytes",
                "at most " + std::to_string(max_bytes));
  if (input.size() - kGrpcPrefix < length) return std::nullopt;
  return length;
}

std::string upper(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return out;
}

// google.rpc.ErrorInfo: reason 1 (in upper case, as its documentation demands), domain 2, metadata 3.
std::string error_info(Reason reason, const Json& problem) {
  std::string info;
  append_field(info, 1, upper(name(reason)));
  append_field(info, 2, "watchword");
  for (const auto& [key, value] : *problem.members()) {
    const bool told_elsewhere = key == "type" || key == "title" || key == "reason" || key == "detail";
    if (told_elsewhere || !value.string() || !is_utf8(*value.string())) continue;
    std::string entry;
    append_field(entry, 1, key);
    append_field(entry, 2, shortened(*value.string()));
    append_field(info, 3, entry);
  }
  return info;
}

// google.rpc.Status: code 1, message 2, details 3 (Any: type_url 1, value 2). Base64 without padding, as gRPC wants it.
std::string details(GrpcCode code, std::string_view message, Reason reason, const Json& problem) {
  std::string any, status;
  append_field(any, 1, "type.googleapis.com/google.rpc.ErrorInfo");
  append_field(any, 2, error_info(reason, problem));
  append_varint(status, 1 << 3);
  append_varint(status, std::to_underlying(code));
  append_field(status, 2, message);
  append_field(status, 3, any);
  auto text = to_base64(as_bytes(status));
  text.erase(text.find_last_not_of('=') + 1);
  return text;
}

}  // namespace

std::string encode_grpc_message(std::string_view text) {
  constexpr std::string_view kUpperHex = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte <= 0x7e && c != '%') {
      out += c;
    } else {
      out += '%';
      out += kUpperHex[byte >> 4];
      out += kUpperHex[byte & 15];
    }
  }
  return out;
}

GrpcCode grpc_code(Reason reason) {
  for (const auto& [own, code] : kOwnCode)
    if (own == reason) return code;
  return code_of_kind(describe(reason).kind);
}

bool is_grpc(const Headers& headers) {
  constexpr std::string_view kType = "application/grpc";
  const auto* type = headers.find("content-type");
  if (type == nullptr || !type->starts_with(kType)) return false;
  return type->size() == kType.size() || (*type)[kType.size()] == '+' || (*type)[kType.size()] == ';';
}

Result<std::optional<std::string>> GrpcMessages::next() {
  WW_TRY(const auto length, message_length(input_, max_bytes_));
  if (!length) return std::nullopt;
  auto message = input_.substr(kGrpcPrefix, *length);
  input_.erase(0, kGrpcPrefix + *length);
  return message;
}

net::Task<Result<std::string>> read_grpc_message(Body& body, std::size_t max_bytes, net::Steady::duration within) {
  WW_CO_TRY(auto all, co_await read_all(body, max_bytes + kGrpcPrefix, within));
  WW_CO_TRY(const auto length, message_length(all, max_bytes));
  if (!length || all.size() != kGrpcPrefix + *length)
    co_return fail(Reason::http_malformed, length ? "more than one message" : "no whole message", "one gRPC message");
  all.erase(0, kGrpcPrefix);
  co_return all;
}

std::string grpc_frame(std::string_view message) {
  std::string frame;
  frame.reserve(kGrpcPrefix + message.size());
  frame.resize(kGrpcPrefix);
  frame += message;
  set_grpc_prefix(frame);
  return frame;
}

void set_grpc_prefix(std::string& frame) {
  const auto size = frame.size() - kGrpcPrefix;
  frame[0] = '\0';
  for (std::size_t i = 1; i < kGrpcPrefix; ++i)
    frame[i] = static_cast<char>(size >> (8 * (kGrpcPrefix - 1 - i)) & 0xff);
}

ResponseHead grpc_refusal(Reason reason, const Json& problem, Headers extra) {
  const auto code = grpc_code(reason);
  std::string message(name(reason));
  message += ": ";
  message += shortened(problem.string_or("detail", problem.string_or("title", "")));
  ResponseHead head{200, std::move(extra)};
  head.headers.set("content-type", "application/grpc");
  head.headers.set("grpc-status", std::to_string(std::to_underlying(code)));
  head.headers.set("grpc-message", encode_grpc_message(message));
  head.headers.set("grpc-status-details-bin", details(code, message, reason, problem));
  return head;
}

net::Task<Status> send_grpc_refusal(Writer& reply, const Error& error) {
  co_return co_await reply.send(grpc_refusal(error.reason, problem(error, false)), {});
}

}  // namespace watchword::http
