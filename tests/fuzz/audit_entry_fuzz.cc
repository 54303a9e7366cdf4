// Whatever is in an entry's fields, the record is one line of canonical JSON that fits the log, and its decision
// stands. Input: the fields, separated by 0xff.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "audit/entry.h"
#include "base/text.h"

using watchword::Json;
using watchword::audit::Entry;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto parts = watchword::split({reinterpret_cast<const char*>(data), size}, '\xff');
  std::size_t next = 0;
  const auto take = [&] { return next < parts.size() ? std::string(parts[next++]) : std::string(); };

  Entry e;
  e.outcome = watchword::audit::Outcome::deny;
  e.reason = watchword::Reason::no_binding;
  e.path = take(), e.why = take();
  e.who = Json::object({{"user", take()}, {take(), take()}}).dump();
  e.detail = Json::object({{take(), take()}});
  for (std::string* field : {&e.id, &e.session, &e.resource, &e.action, &e.role, &e.rule, &e.policy, &e.method,
                             &e.request_id, &e.trace, &e.peer, &e.token, &e.subject_token})
    *field = take();
  if (size % 64 == 1) {  // short inputs reach the limit too
    while (!e.path.empty() && e.path.size() < 12'000) e.path += e.path;
    while (!e.resource.empty() && e.resource.size() < 70'000) e.resource += e.resource;
  }

  const std::string text = to_canonical(e);
  if (text.size() > 65535) std::abort();
  for (const char c : text)
    if (static_cast<unsigned char>(c) < 0x20) std::abort();
  const auto parsed = watchword::parse_json(text);
  if (!parsed || parsed->dump() != text) std::abort();
  if (parsed->string_or("decision", "") != "deny" || parsed->string_or("reason", "") != "no_binding") std::abort();
  return 0;
}
