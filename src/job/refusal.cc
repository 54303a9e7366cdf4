#include "job/refusal.h"

#include <utility>

#include "base/encoding.h"
#include "base/text.h"

namespace watchword::job {
namespace {

constexpr std::size_t kMaxDetails = std::size_t{16} * 1024;

// A message of Protocol Buffers, field by field (protobuf.dev/programming-guides/encoding).
class Fields {
 public:
  struct Field {
    unsigned number = 0;
    std::string_view bytes;  // empty for a number
  };
  explicit Fields(std::string_view message) : left_(message) {}

  // nullopt: the end, or what is no field of a kind that is needed here.
  std::optional<Field> next() {
    const auto key = varint();
    if (!key || (*key & 7) > 2 || (*key & 7) == 1 || *key >> 3 > kMaxNumber) return std::nullopt;
    const Field field{static_cast<unsigned>(*key >> 3), {}};
    const auto value = varint();
    if (!value || (*key & 7) == 0) return value ? std::optional(field) : std::nullopt;
    if (*value > left_.size()) return std::nullopt;
    const auto bytes = left_.substr(0, *value);
    left_.remove_prefix(bytes.size());
    return Field{field.number, bytes};
  }

 private:
  static constexpr std::uint64_t kMaxNumber = (1u << 29) - 1;

  std::optional<std::uint64_t> varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && !left_.empty(); shift += 7) {
      const auto byte = static_cast<unsigned char>(left_.front());
      left_.remove_prefix(1);
      value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    return std::nullopt;
  }

  std::string_view left_;
};

// The first field of that number; empty when there is none.
std::string_view field(std::string_view message, unsigned number) {
  Fields fields(message);
  while (const auto found = fields.next())
    if (found->number == number) return found->bytes;
  return {};
}

// google.rpc.ErrorInfo: reason 1, domain 2, metadata 3 (key 1, value 2).
Json problem_of(std::string_view info) {
  Json problem = Json::object();
  if (field(info, 2) != "watchword") return problem;
  Fields fields(info);
  while (const auto found = fields.next())
    if (found->number == 3) problem.set(field(found->bytes, 1), std::string(field(found->bytes, 2)));
  problem.set("reason", ascii_lower(field(info, 1)));
  return problem;
}

bool names_reason(const Json& problem) { return reason_from_name(problem.string_or("reason", "")).has_value(); }

}  // namespace

bool is_problem(const http::ResponseHead& head) {
  const auto* type = head.headers.find("content-type");
  return head.status >= 400 && type != nullptr &&
         trim(std::string_view(*type).substr(0, type->find(';'))) == "application/problem+json";
}

std::optional<Reply> refusal_in(int status, std::string_view problem) {
  auto body = parse_json(problem);
  if (!body || !names_reason(*body)) return std::nullopt;
  return Reply{.status = status, .body = *std::move(body)};
}

// google.rpc.Status: details 3 (Any: value 2).
std::optional<Reply> grpc_refusal_in(const http::ResponseHead& head) {
  const auto* details = head.headers.find("grpc-status-details-bin");
  if (details == nullptr || details->size() > kMaxDetails) return std::nullopt;
  auto padded = *details;
  if (!padded.ends_with('=')) padded.append((4 - padded.size() % 4) % 4, '=');
  const auto status = from_base64(padded);
  if (!status) return std::nullopt;
  auto problem = problem_of(field(field(*status, 3), 2));
  if (!names_reason(problem)) return std::nullopt;
  return Reply{.status = head.status, .body = std::move(problem)};
}

const std::string* nonce_demanded(const http::ResponseHead& head) {
  for (const auto& [name, value] : head.headers)
    if (name == "www-authenticate" && value.starts_with("DPoP ") && value.contains("error=\"use_dpop_nonce\""))
      return head.headers.find("dpop-nonce");
  return nullptr;
}

}  // namespace watchword::job
