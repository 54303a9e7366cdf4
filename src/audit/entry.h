// One entry of the audit log: who did what, what was decided and why. docs/audit-log.md is the format's manual.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"

namespace watchword::audit {

enum class Event : std::uint8_t {
  exchange,       // a token was asked for
  request,        // a request reached the proxy
  introspection,  // someone asked about a token
  revocation,
  session_ended,
  request_done,    // an allowed request is over, as the proxy that carried it says
  request_cut,     // an allowed request was ended in the middle, as its right ended
  event_refused,   // something that said it was a CI system's event was not taken
  node_refused,    // an Envoy that is unknown, or is not who it says, asked for a configuration
  freeze_changed,  // a person froze an environment, or lifted a freeze
  key_changed,     // a signing key was made, activated, retired
  policy_loaded,   // a new policy came into force, or a bad one was refused
  gate_started,
  gate_stopped,
};
std::string_view name(Event event);

enum class Outcome : std::uint8_t { allow, deny, error };
std::string_view name(Outcome outcome);

// All text fields may be empty, and are then left out. None holds a token: `token` and `subject_token` are SHA-256 hex.
struct Entry {
  std::string id;  // ULID: the record id that refusals show
  Time time;
  Event event{};
  Outcome outcome{};
  std::optional<Reason> reason;
  // Canonical JSON object: issuer, kind, subject, project, project_id, pipeline, job, ref, ref_protected, sha,
  // environment, user, ... Made once per session (access::who_of) and shared by its entries. Empty: not established.
  std::string who;
  std::string session, resource, action, role, rule, policy;  // rule: file:line; policy: digest
  std::string method, path;                                   // of proxied requests; no query (it may hold secrets)
  std::string request_id, trace, peer;
  std::string token, subject_token;
  std::string why;  // a person's words, for ends and rotations
  Json detail;      // event-specific object, or null
};

// Canonical JSON: keys sorted, one line, control characters escaped. At most 65535 bytes: what is too long is cut, and
// says so in "truncated".
std::string to_canonical(const Entry& entry);

}  // namespace watchword::audit
