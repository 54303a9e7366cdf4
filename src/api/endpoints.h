// The endpoints, by group; each adds its paths to a router. docs/openapi.yaml describes them all and is tested against
// them.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "access/token_service.h"
#include "api/context_health.h"
#include "api/router.h"
#include "base/metrics.h"
#include "context/fact_table.h"

namespace watchword::api {

// POST /oauth/token, /oauth/introspect, /oauth/revoke; GET
// /.well-known/{oauth-authorization-server,openid-configuration, jwks.json}. `clients` outlives the router.
void add_oauth(Router& router, access::TokenService& service, access::Clients& clients);

struct Readiness {
  std::string name;  // "store", "policy", "issuer gitlab", "log"
  bool ready = false;
  std::string detail;  // why not, or what is in force
  bool needed = true;  // without it the gate is of no use
};
// GET /healthz (the process runs), /readyz (and could serve: 503 with the parts that could not).
void add_health(Router& router, std::function<std::vector<Readiness>()> readiness);
// GET /metrics, OpenMetrics text.
void add_metrics(Router& router, const Metrics& metrics);
// GET /log/...: the audit log from `directory`; nothing else of the file system. Checkpoint, key and hash tiles name
// nobody and are for everyone; the entries themselves say who did what, and are served only where `entries` says so.
enum class LogEntries : std::uint8_t { hidden, served };
void add_log(Router& router, std::string directory, LogEntries entries);

// Admin: GET /api/v1/sessions (filters as query), GET /api/v1/sessions/{id}, POST /api/v1/sessions/{id}/end {"why":
// ...}, POST /api/v1/sessions/end {filters, "why": ...}, GET and POST /api/v1/freezes, POST /api/v1/freezes/lift, GET
// /api/v1/context, GET /api/v1/envoy, GET /api/v1/keys, POST /api/v1/keys/rotate, POST /api/v1/keys/{kid}/retire, POST
// /api/v1/policy/reload, GET /api/v1/status. Only for the Unix socket's peers with uid 0 or the gate's own.
struct AdminParts {
  access::TokenService& service;
  context::FactTable& facts;
  store::Store& store;
  std::function<std::vector<Error>()> reload_policy;  // why the policy is refused; empty when it is in force
  std::function<std::vector<Readiness>()> readiness;
  std::string version;
  std::function<std::vector<ContextHealth>()> context = [] { return std::vector<ContextHealth>(); };
  std::function<Json()> envoy = [] { return Json::array(); };  // the nodes that the gate feeds
};
void add_admin(Router& router, AdminParts parts);

}  // namespace watchword::api
