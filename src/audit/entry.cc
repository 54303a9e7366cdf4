#include "audit/entry.h"

#include <array>
#include <utility>
#include <vector>

#include "base/encoding.h"

namespace watchword::audit {
namespace {

constexpr std::size_t kMaxBytes = 65535;  // tlog-tiles: a uint16 length
// An entry that is too long is cut field by field to this. Escaped, a byte takes six at most: all fields together then
// take less than half of the room, the rest is for `who`.
constexpr std::size_t kCutBytes = 256;
constexpr std::size_t kMaxWhoBytes = 32'000;

using Names = std::vector<std::string_view>;

bool is_plain(std::string_view text) {
  bool plain = true;  // no early return: this way the compiler checks 16 bytes at a time
  for (const char c : text) plain &= c >= 0x20 && c <= 0x7e && c != '"' && c != '\\';
  return plain;
}

void append_string(std::string& out, std::string_view text) {
  if (!is_plain(text)) return Json(text).dump_to(out);
  out += '"';
  out += text;
  out += '"';
}

// Writes members; the caller keeps them in the order of their keys.
class ObjectWriter {
 public:
  explicit ObjectWriter(std::string& out) : out_(out) { out_ += '{'; }
  void text(std::string_view key, std::string_view value) {
    if (value.empty()) return;
    begin(key);
    append_string(out_, value);
  }
  void raw(std::string_view key, std::string_view json) {
    if (json.empty()) return;
    begin(key);
    out_ += json;
  }
  void json(std::string_view key, const Json& value) {
    if (value.is_null()) return;
    begin(key);
    value.dump_to(out_);
  }
  void names(std::string_view key, const Names& names) {
    if (names.empty()) return;
    begin(key);
    out_ += '[';
    for (const auto name : names) {
      if (out_.back() != '[') out_ += ',';
      append_string(out_, name);
    }
    out_ += ']';
  }
  void end() { out_ += '}'; }

 private:
  void begin(std::string_view key) {
    if (out_.back() != '{') out_ += ',';
    out_ += '"';
    out_ += key;
    out_ += "\":";
  }
  std::string& out_;
};

std::string write(const Entry& entry, const Names& truncated) {
  std::string out;
  out.reserve(768 + entry.who.size() + entry.path.size());
  ObjectWriter object(out);
  object.text("action", entry.action);
  object.text("decision", name(entry.outcome));
  object.json("detail", entry.detail);
  object.text("event", name(entry.event));
  object.text("id", entry.id);
  object.text("method", entry.method);
  object.text("path", entry.path);
  object.text("peer", entry.peer);
  object.text("policy", entry.policy);
  object.text("reason", entry.reason ? name(*entry.reason) : "");
  object.text("request_id", entry.request_id);
  object.text("resource", entry.resource);
  object.text("role", entry.role);
  object.text("rule", entry.rule);
  object.text("session", entry.session);
  object.text("subject_token_sha256", entry.subject_token);
  object.text("time", to_rfc3339(entry.time));
  object.text("token_sha256", entry.token);
  object.text("trace", entry.trace);
  object.names("truncated", truncated);
  object.raw("who", entry.who);
  object.text("why", entry.why);
  object.end();
  return out;
}

// At most kCutBytes, and never within a character.
bool cut(std::string& text) {
  if (text.size() <= kCutBytes) return false;
  std::size_t end = kCutBytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  text.resize(end);
  return true;
}

// Keeps as much of the identity as fits: nobody hides behind one claim that is too long.
std::string cut_who(const std::string& who) {
  const auto parsed = parse_json(who, {.max_bytes = who.size()});
  Json out = Json::object();
  std::size_t room = kMaxWhoBytes;
  if (!parsed || parsed->members() == nullptr) return out.dump();
  for (const auto& [key, value] : *parsed->members()) {
    Json kept = value;
    if (const std::string* text = value.string()) {
      std::string shorter = *text;
      cut(shorter);
      kept = std::move(shorter);
    }
    const std::size_t size = Json::object({{key, kept}}).dump().size();
    if (size > room) continue;
    room -= size;
    out.set(key, std::move(kept));
  }
  return out.dump();
}

std::string write_shortened(Entry entry) {
  Names truncated;
  if (cut(entry.path)) truncated.push_back("path");
  if (auto out = write(entry, truncated); out.size() <= kMaxBytes) return out;
  if (!entry.detail.is_null()) truncated.push_back("detail");
  entry.detail = nullptr;
  if (cut(entry.why)) truncated.push_back("why");
  if (auto out = write(entry, truncated); out.size() <= kMaxBytes) return out;
  const std::array<std::pair<std::string_view, std::string*>, 13> rest{{{"action", &entry.action},
                                                                        {"id", &entry.id},
                                                                        {"method", &entry.method},
                                                                        {"peer", &entry.peer},
                                                                        {"policy", &entry.policy},
                                                                        {"request_id", &entry.request_id},
                                                                        {"resource", &entry.resource},
                                                                        {"role", &entry.role},
                                                                        {"rule", &entry.rule},
                                                                        {"session", &entry.session},
                                                                        {"subject_token_sha256", &entry.subject_token},
                                                                        {"token_sha256", &entry.token},
                                                                        {"trace", &entry.trace}}};
  for (const auto& [key, text] : rest)
    if (cut(*text)) truncated.push_back(key);
  if (auto out = write(entry, truncated); out.size() <= kMaxBytes) return out;
  entry.who = cut_who(entry.who);
  truncated.push_back("who");
  return write(entry, truncated);
}

}  // namespace

std::string_view name(Event event) {
  switch (event) {
    case Event::exchange:
      return "exchange";
    case Event::request:
      return "request";
    case Event::introspection:
      return "introspection";
    case Event::revocation:
      return "revocation";
    case Event::session_ended:
      return "session_ended";
    case Event::key_changed:
      return "key_changed";
    case Event::policy_loaded:
      return "policy_loaded";
    case Event::gate_started:
      return "gate_started";
    case Event::request_done:
      return "request_done";
    case Event::request_cut:
      return "request_cut";
    case Event::event_refused:
      return "event_refused";
    case Event::node_refused:
      return "node_refused";
    case Event::freeze_changed:
      return "freeze_changed";
    case Event::gate_stopped:
      return "gate_stopped";
  }
  std::unreachable();
}

std::string_view name(Outcome outcome) {
  switch (outcome) {
    case Outcome::allow:
      return "allow";
    case Outcome::deny:
      return "deny";
    case Outcome::error:
      return "error";
  }
  std::unreachable();
}

std::string to_canonical(const Entry& entry) {
  std::string out = write(entry, {});
  if (out.size() > kMaxBytes) return write_shortened(entry);
  return out;
}

}  // namespace watchword::audit
