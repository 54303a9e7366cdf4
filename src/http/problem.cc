#include "http/problem.h"

#include <utility>

namespace watchword::http {
namespace {

constexpr std::pair<Reason, int> kOwnStatus[] = {
    {Reason::method_not_allowed, 405}, {Reason::http_timeout, 408},        {Reason::http_too_large, 413},
    {Reason::limit_reached, 429},      {Reason::upgrade_unsupported, 501},
};

int status_of_kind(ReasonKind kind) {
  switch (kind) {
    case ReasonKind::unauthenticated:
      return 401;
    case ReasonKind::denied:
      return 403;
    case ReasonKind::invalid:
      return 400;
    case ReasonKind::not_found:
      return 404;
    case ReasonKind::unavailable:
      return 503;
    case ReasonKind::upstream:
      return 502;
    case ReasonKind::upstream_timeout:
      return 504;
    case ReasonKind::error:
    case ReasonKind::config:
    case ReasonKind::corrupt:
      return 500;
  }
}

std::string detail(const Error& error) {
  std::string text;
  if (!error.found.empty()) text = "found " + error.found;
  if (!error.expected.empty()) text += (text.empty() ? "expected " : ", expected ") + error.expected;
  return text;
}

}  // namespace

int status_of(Reason reason) {
  for (const auto& [own, status] : kOwnStatus)
    if (own == reason) return status;
  return status_of_kind(describe(reason).kind);
}

Json problem(const Error& error, bool verified_caller, std::string_view record) {
  const ReasonText& text = describe(error.reason);
  Json body = Json::object({{"type", "urn:watchword:reason:" + std::string(text.name)},
                            {"title", text.meaning},
                            {"status", status_of(error.reason)},
                            {"reason", text.name},
                            {"fix", verified_caller ? fix_of(error) : text.fix}});
  if (!record.empty()) body.set("record", record);
  if (!verified_caller) return body;
  if (std::string found = detail(error); !found.empty()) body.set("detail", std::move(found));
  if (!error.found.empty()) body.set("found", error.found);
  if (!error.expected.empty()) body.set("expected", error.expected);
  return body;
}

void demand_tls(Headers& headers, std::string_view scheme) {
  if (scheme == "https") headers.set("strict-transport-security", "max-age=31536000");
}

ResponseHead problem_head(int status, Headers extra) {
  ResponseHead head{status, std::move(extra)};
  head.headers.set("content-type", "application/problem+json");
  head.headers.set("cache-control", "no-store");
  return head;
}

net::Task<Status> send_problem(Writer& reply, int status, Json body, Headers extra) {
  auto head = problem_head(status, std::move(extra));
  const std::string text = body.set("status", status).dump();
  co_return co_await reply.send(std::move(head), text);
}

}  // namespace watchword::http
