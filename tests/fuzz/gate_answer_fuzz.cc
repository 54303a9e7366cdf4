// What a job's client reads from its gate, and from a proxy before it: nothing of it acts on a terminal, and no place
// leads off without TLS.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/json.h"
#include "http/date.h"
#include "http/uri.h"
#include "job/place.h"
#include "job/refusal_text.h"
#include "job/retry.h"
#include "net/http_proxy.h"
#include "net/stream.h"

using namespace watchword;

namespace {

void check_text(std::string_view text) {
  if (std::ranges::any_of(text, [](char c) { return (c >= 0 && c < ' ' && c != '\n') || c == '\x7f'; })) std::abort();
}

void check_place(const job::Reply& reply) {
  const auto place = job::place_from(reply, "billing-api");
  if (!place) return;
  const auto url = http::parse_url(place->url);
  if (!url) std::abort();
  if (url->scheme != "https" && !net::Address{.host = url->host, .port = url->port}.loopback()) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (net::proxy_grants(text).value_or(false) && !text.ends_with("\r\n\r\n")) std::abort();
  if (http::parse_date(text) && !text.ends_with(" GMT")) std::abort();
  if (const auto wait = job::retry_after(text); wait && *wait < Duration::zero()) std::abort();
  const auto json = parse_json(text);
  if (!json) return 0;
  const job::Reply reply{.status = 400, .body = *json};
  check_text(job::refusal_text(reply, "billing-api/read", {}, from_unix(1'790'000'000)));
  check_text(job::decisions_text(reply, {}));
  check_place(reply);
  return 0;
}
