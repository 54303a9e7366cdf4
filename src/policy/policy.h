// The compiled policy: immutable, indexed, evaluated without I/O. Built whole from a directory and swapped atomically.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "context/facts.h"
#include "issuer/principal.h"
#include "policy/quota.h"

namespace watchword::policy {

struct Role;     // policy/document.h
struct Matcher;  // policy/matcher.h

// What a request asks for, as far as policy looks at it. Views live as long as the question.
struct Request {
  std::string_view host;  // without port
  std::string_view method;
  std::string_view path;           // without query
  std::string_view protocol = {};  // what it wants to become: "websocket", or empty (http::RequestHead::protocol)
};

// What the clients of an HTTP resource are. It says nothing about who may do what: only how tools inside a job reach
// it, and that those of git and Docker may show their token as a password (access/request_door.h).
enum class HttpKind : std::uint8_t { api, git, docker, kubernetes };
std::string_view name(HttpKind kind);  // as the policy writes it
constexpr bool takes_password(HttpKind kind) { return kind == HttpKind::git || kind == HttpKind::docker; }

enum class Balance : std::uint8_t { round_robin, least_requests };
enum class UpstreamProtocol : std::uint8_t { http1, http2, http2_where_offered };

// The endpoints of a backend, and how requests are spread over them.
struct HttpUpstream {
  static constexpr std::size_t kMostEndpoints = 64;
  std::vector<std::string> endpoints;  // origin URLs (scheme, host, port) of one scheme, none twice; at least one
  UpstreamProtocol protocol = UpstreamProtocol::http1;
  Balance balance = Balance::round_robin;
  struct Health {
    std::string path;
    Duration every = std::chrono::seconds(5), timeout = std::chrono::seconds(1);
    unsigned healthy = 2, unhealthy = 3;  // checks in a row that change the endpoint's state
  };
  std::optional<Health> health;  // none: no checks
  unsigned eject_after = 5;      // failed requests in a row
  Duration eject_time = std::chrono::seconds(30);
  unsigned retries = 1;
  unsigned max_requests = 1000;  // under way at once, on all loops
  Duration resolve_every = std::chrono::seconds(30);
  bool proxy_protocol = false;  // version 2
};

// Which ambiguous paths a resource takes (http/uri.h), where its upstream is, how it is reached. Data for the gateway.
struct HttpTarget {
  HttpUpstream upstream;
  HttpKind kind = HttpKind::api;
  std::string host;    // exact, lower case, without port; or empty with prefix set
  std::string prefix;  // "/billing" : path prefix on the gate's own host, removed before forwarding
  bool allow_ambiguous_paths = false;
  std::string ca_file, client_certificate, client_key, server_name;
  struct InjectedHeader {
    std::string name, prefix, secret;
  };  // authorization: "Bearer " + secret reference
  std::vector<InjectedHeader> inject;
  std::vector<std::string> remove_response_headers;  // lower case; of trailers too
  bool redact = false;  // what is injected is masked in answers; there is something injected then, and no WebSocket
  Duration connect_time = std::chrono::seconds(5);
  Duration response_time = std::chrono::seconds(60);
  Duration idle_time = std::chrono::seconds(60);
  Duration stream_time{};  // of one request, stream or WebSocket as a whole; zero: as long as its session
};

struct TcpTarget;  // policy/tcp_resource.h

// Of exactly one kind. A new kind has a file of its own (policy/tcp_resource.h is a short one), a line in
// decode_resource's table, and here what tells its target.
class Resource {
 public:
  virtual ~Resource() = default;
  virtual const std::string& name() const = 0;
  virtual const std::vector<std::string>& actions() const = 0;
  // The target of the resource's kind; the others are null.
  virtual const HttpTarget* http() const { return nullptr; }
  virtual const TcpTarget* tcp() const { return nullptr; }
  // The first action, in the order written, that covers the request. null when none does, as always where the kind is
  // not asked by HTTP requests. Its path is normalised and as the upstream sees it: without the resource's prefix.
  virtual const std::string* action_for(const Request& /*request*/) const { return nullptr; }
  // What is valid and hardly meant, in words for the author.
  virtual std::vector<std::string> warnings() const { return {}; }
};

enum class Proof : std::uint8_t { bearer, dpop };

// What a session may be: the strictest of all roles that take part. A role that says nothing stands for these defaults.
struct SessionLimits {
  Duration ttl = std::chrono::minutes(15);
  bool ends_with_job = true;
  Duration drain{};  // how long requests under way may go on when the session ends; new ones are refused at once
  bool single_exchange = false;
  Proof proof = Proof::bearer;  // dpop: demanded
  Quota quota = {};
};

class Policy;

// What a principal's claims select of a policy: roles, and deny rules. Valid with the policy that made it, and keeps it
// alive.
struct Roles {
  std::vector<const Role*> all;  // in the order of the policy's files
  // Of the deny rules with `to`, those that name the principal. Ascending; the policy's own numbers.
  struct Fence {
    std::uint32_t extent, rule;  // rules of one extent cover the same actions
    auto operator<=>(const Fence&) const = default;
  };
  std::vector<Fence> fences;
  SessionLimits limits;
  bool fork_refused = false;             // bindings would match but do not admit forks
  std::shared_ptr<const Policy> policy;  // that made this
};

// All views live as long as the question. With roles of another policy than the one asked (it was swapped meanwhile),
// evaluate and explain find the principal's roles anew.
struct Question {
  const issuer::Principal& principal;
  const Roles& roles;
  std::string_view resource, action;
  std::string_view method, path, host;  // of the proxied request; empty at the token endpoint
  const context::Facts& facts;
  Time now;
};

enum class Outcome : std::uint8_t { allow, deny, error };

struct Verdict {
  Outcome outcome = Outcome::deny;
  Reason reason = Reason::no_binding;  // meaningless for allow
  std::string_view role;               // views into the policy
  std::string_view rule;               // "policy/billing.yaml:14": the line that decided
  std::string found, expected, fix;    // for the denial's text; empty for allow
};

// The one part of one rule that stands between a denial and an allow.
struct NearMiss {
  std::string rule, role;       // "policy/billing.yaml:14"; no role for a deny rule
  std::string part;             // a claim ("environment"), "forks", "when", "unless", "scope" or "audience"
  std::string found, expected;  // "staging", "production"
};
enum class Told : std::uint8_t { caller, author };  // a caller is not told of other projects (policy/near_miss.h)

// One line of explain: a rule that was considered.
struct Considered {
  std::string rule, role, kind;  // kind: "binding", "permission", "deny"
  bool matched = false;
  std::vector<std::string> held, failed;  // "project_path is acme/billing", "ref is main, wanted re:release/.*"
};

class Policy {
 public:
  virtual ~Policy() = default;
  // Reads every *.yaml and *.yml of the directory, sorted by name, not below it; not hidden files, and not *.test.yaml
  // (policy/testing.h). All errors are given, not the first only; each has file:line:column in `where`. A directory
  // without policy files and an empty file are errors: what vanished by accident may have held deny rules.
  static std::expected<std::shared_ptr<const Policy>, std::vector<Error>> load(const std::string& directory);
  // From texts instead of files (demo, fuzzing, tests): name and content. No files: the policy that denies everything.
  static std::expected<std::shared_ptr<const Policy>, std::vector<Error>> parse(
      const std::vector<std::pair<std::string, std::string>>& files);

  // "sha256:..." over the sorted names and contents, each preceded by its length as 8 bytes, big-endian.
  virtual const std::string& digest() const = 0;
  virtual Roles roles_of(const issuer::Principal& principal) const = 0;
  // The same, but one object for all principals whose claims select the same, as long as somebody holds it. Any thread.
  virtual std::shared_ptr<const Roles> shared_roles_of(const issuer::Principal& principal) const = 0;
  // Unknown resource or action, then deny rules (they override every allow; one whose condition is not known or fails
  // counts as denying), then the roles' permissions: one that holds is enough. Pure. Any thread.
  virtual Verdict evaluate(const Question& question) const = 0;
  virtual std::vector<Considered> explain(const Question& question) const = 0;
  // The first rule, in the policy's order, that a denied question is one step from: a deny rule that alone forbids it,
  // a permission of the principal's roles, a binding to another role that would allow it. Both names of the question
  // may be empty (any permission), or the action (any of the resource). Its work is bounded for callers
  // (NearIndex::kMost); for the author every binding is tried.
  virtual std::optional<NearMiss> nearest(const Question& question, Told told) const = 0;

  virtual const Resource* resource(std::string_view name) const = 0;
  // By host, then by the longest path prefix where host is one of the gate's own.
  virtual const Resource* resource_for(std::string_view host, std::string_view path) const = 0;
  virtual std::vector<const Resource*> resources() const = 0;
  // All resource/action pairs that the roles may permit (conditions aside): what scope a token without scope gets.
  virtual std::vector<std::pair<std::string_view, std::string_view>> permissions(const Roles& roles) const = 0;
  virtual std::size_t rule_count() const = 0;  // bindings, permissions and deny rules
  // Issuers that bindings and deny rules name, each with where it first stands: `config check` compares them with
  // watchword.yaml, because a binding to an issuer that is not configured can never match.
  struct IssuerNamed {
    std::string name, where;
  };
  virtual std::vector<IssuerNamed> issuers_named() const = 0;
  virtual std::vector<const Matcher*> matchers() const = 0;  // of bindings, then of deny rules (policy/misfits.h)
};

const std::string& name_of(const Role& role);

}  // namespace watchword::policy
