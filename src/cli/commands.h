// The subcommands. Each takes its options, prints, and returns an exit code. commands_*.cc give them their command-line
// form.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "job/holder.h"
#include "terminal/output.h"

namespace watchword::cli {

using terminal::exit_code;
using terminal::kCorrupt;
using terminal::kDenied;
using terminal::kFailed;
using terminal::kInvalid;
using terminal::kOk;
using terminal::kUsage;
using terminal::Output;
using terminal::to_json;

struct ServeOptions {
  std::string config;
};
int serve(const ServeOptions& options, const Output& out);

struct DevOptions {
  std::string state;          // folder; empty: a temporary one that is removed at the end
  std::uint16_t port = 8443;  // api; the gateway is the next, the issuer the one after, the echo backend the fourth
  std::string policy;         // folder; empty: the embedded example
};
int dev(const DevOptions& options, const Output& out);

struct VerifyOptions {
  std::string token_file;  // "-": standard input
  std::string jwks;        // file; empty: discovery at the issuer
  std::string issuer;
  std::vector<std::string> audiences, types, algorithms;
  std::string at;  // RFC 3339; empty: now
  std::string ca;
};
int token_verify(const VerifyOptions& options, const Output& out);
int token_inspect(const std::string& token_file, const Output& out);

// Where the admin API listens: --admin, or `listen.admin` of --config; else $WATCHWORD_ADMIN, $WATCHWORD_CONFIG.
struct AdminOptions {
  std::string admin, config;
};
struct SessionFilter {
  std::string issuer, project, pipeline, job, user, environment;
  std::string before;  // a session id: only older ones
  bool all = false;    // ended ones too
  std::int64_t limit = 100;
};
int sessions_list(const AdminOptions& admin, const SessionFilter& filter, const Output& out);
int sessions_show(const AdminOptions& admin, const std::string& id, const Output& out);
int sessions_end(const AdminOptions& admin, const std::vector<std::string>& ids, const std::string& why,
                 const Output& out);
// All that match, or with filter.all everything.
int sessions_end_matching(const AdminOptions& admin, const SessionFilter& filter, const std::string& why,
                          const Output& out);
struct FreezeOptions {
  std::string environment, until, why;
  std::string issuer, project;  // both, or neither: everywhere
  bool lift = false;
};
int freeze(const AdminOptions& admin, const FreezeOptions& options, const Output& out);
int freezes(const AdminOptions& admin, const Output& out);
int keys_list(const AdminOptions& admin, const Output& out);
int keys_rotate(const AdminOptions& admin, const std::string& why, const Output& out);
int keys_retire(const AdminOptions& admin, const std::string& kid, const std::string& why, const Output& out);
int status(const AdminOptions& admin, const Output& out);
int policy_reload(const AdminOptions& admin, const Output& out);

struct AuditOptions {
  std::string directory;
  std::vector<std::string> where;  // key=value, all must hold: event=exchange who.project=acme/billing
  std::string since, until;        // RFC 3339
  std::int64_t count = 20;
  bool follow = false;
};
int audit_tail(const AuditOptions& options, const Output& out);
int audit_show(const AuditOptions& options, const std::string& id, const Output& out);
int audit_search(const AuditOptions& options, const Output& out);
int audit_export(const AuditOptions& options, const Output& out);
struct AuditVerifyOptions {
  std::string directory, key, earlier;  // key: verifier key text or file; earlier: checkpoint file kept from before
};
int audit_verify(const AuditVerifyOptions& options, const Output& out);

int policy_check(const std::string& directory, const Output& out);
int policy_test(const std::string& directory, const Output& out);
struct ExplainOptions {
  std::string directory;
  std::string claims;             // JSON file of claims (unverified), or
  std::string token_file;         // an ID token, whose claims are taken unverified
  std::string issuer = "gitlab";  // the configured name that bindings use
  std::string config;             // its profile; without it GitLab's
  std::string resource, action;   // or a request:
  std::string url, method;
  std::string grpc, websocket;  // instead of the method: Service/Method, or a path; behind the URL's own path
  std::string facts;            // JSON file
  std::string at;
};
int policy_explain(const ExplainOptions& options, const Output& out);
struct WhoCanOptions {
  std::string permission, directory;  // resource/action or resource/*
  std::string config;                 // for the issuers' mappings; without it jobs are GitLab's
  std::string at;
};
// kDenied: no role allows it.
int policy_who_can(const WhoCanOptions& options, const Output& out);
struct PolicyDiffOptions {
  std::string before, after;  // folders
  std::string config, at;     // as above
  std::string fail_on = "any";
  bool markdown = false;
};
// kDenied: rights change, as far as --fail-on asks for it.
int policy_diff(const PolicyDiffOptions& options, const Output& out);
struct EvalOptions {
  std::string expression, input, at;
};
int policy_eval(const EvalOptions& options, const Output& out);

struct GitlabSetupOptions {
  std::string config;
  std::string project, group;  // one of them: path or id
  std::string gitlab;          // the issuer's configured name; empty: the only one with webhook_secret
  std::string token_file, token_env = "WATCHWORD_GITLAB_TOKEN";
  bool apply = false;
  bool set_secret = false;  // though nothing else differs
};
// kDenied: there is something to do.
int gitlab_setup(const GitlabSetupOptions& options, const Output& out);
struct HookSecretOptions {
  std::string config, gitlab;  // as above
  std::string project, group;  // one of them: its id
  std::string kind;            // "token" or "signing"; empty: the only kind that the issuer has
};
// Nothing but the secret.
int gitlab_hook_secret(const HookSecretOptions& options, const Output& out);
struct DoctorOptions {
  std::string config;                         // empty: from inside a job
  job::HolderOptions job = {};                // of that
  std::vector<std::string> projects, groups;  // whose hooks are looked at; empty: those that the gate knows
};
// kDenied: some check is bad.
int doctor(const DoctorOptions& options, const Output& out);

// What `envoy config` and `envoy diff` render with. Times as in watchword.yaml; docs/envoy-config.md.
struct EnvoyOptions {
  std::string config, policy;  // policy: folder; empty: the one that watchword.yaml names
  std::string listen = "127.0.0.1:10000", admin = "unix:/run/envoy/admin.sock";
  std::string ext_authz;               // empty: listen.ext_authz of watchword.yaml
  std::vector<std::string> hosts;      // empty: that of the gate's url
  std::vector<std::string> resources;  // empty: all
  struct Files {
    std::string certificate, key, client_ca;
  } listener_tls;  // empty: `tls` of watchword.yaml
  std::string gate_ca, gate_certificate, gate_key;
  std::string ca_bundle = "/etc/ssl/certs/ca-certificates.crt";
  std::string access_log, timeout = "5s", max_stream = "15m";
  std::int64_t heap_mib = 1024, max_connections = 50'000;
  bool check = false;
  std::string envoy;   // the binary; empty: of $PATH
  std::string output;  // file; empty: standard output
  std::string node;    // of watchword.yaml: what is above stands there, and the rest comes from the gate; empty: none
};
int envoy_config(const EnvoyOptions& options, const Output& out);
// Two sides, each a policy folder or a bootstrap file. kFailed (1) when they differ, as diff(1) says it.
int envoy_diff(const EnvoyOptions& options, const std::vector<std::string>& sides, const Output& out);
struct EnvoyCheckOptions {
  std::string file;
  std::string envoy;  // the binary that validates it too; empty: none
};
int envoy_check(const EnvoyCheckOptions& options, const Output& out);

int config_check(const std::string& file, const Output& out);
int clients_secret(const Output& out);
int reasons(const std::string& wanted, const Output& out);  // an empty one: all

}  // namespace watchword::cli
