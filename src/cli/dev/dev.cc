// watchword dev: everything on loopback, with an issuer and a backend of its own.
#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>

#include "base/encoding.h"
#include "base/file.h"
#include "base/log.h"
#include "cli/commands.h"
#include "cli/config.h"
#include "cli/dev/echo.h"
#include "cli/dev/issuer.h"
#include "cli/run_gate.h"
#include "store/sqlite/file_lock.h"

namespace watchword::cli {
namespace {

constexpr std::string_view kConfig =
    R"(# Written by `watchword dev` anew at each start. To change it, copy it and run `watchword serve --config COPY`.
url: http://127.0.0.1:{api}
listen:
  api: 127.0.0.1:{api}
  gateway: 127.0.0.1:{gateway}
  admin: unix:{folder}/admin.sock
  ext_authz: unix:{folder}/envoy.sock
store: sqlite://state.db
policy: policy
sealing_key: file:{folder}/sealing.key
log: {{ directory: log, origin: dev.example.com/log, public: true }}
issuers:
  gitlab:
    profile: gitlab
    url: http://127.0.0.1:{issuer}
    audience: http://127.0.0.1:{api}
    allow_loopback_http: true
    webhook_secret: file:{folder}/webhook.secret
log_level: warn
)";

constexpr std::string_view kPolicy =
    R"(# Written by `watchword dev`. Edit it: the gate takes up the change within a second.
resources:
  billing-api:
    http: {{ upstream: "http://127.0.0.1:{backend}", host: billing.localhost }}
    actions:
      read: {{ methods: [GET, HEAD] }}
      write: {{ methods: [POST, PUT, PATCH], paths: [/v1/**] }}
      delete: {{ methods: [DELETE], paths: [/v1/**] }}
roles:
  deploy-prod:
    granted_to:
      - job: {{ issuer: gitlab, project_path: acme/billing, environment: production }}
    allow:
      - billing-api/read
      - permission: billing-api/write
        when: context.merged(into = "main", sha = job.sha)       # full rights only once the change is merged
      - billing-api/delete
    session: {{ ttl: 15m, ends_with_job: true }}
deny:
  - permission: "*/delete"
    unless: job.ref_protected
    why: nothing is deleted from an unprotected ref
)";

// A folder that goes away at the end, or one that the user named and keeps.
class StateFolder {
 public:
  static Result<StateFolder> make(const std::string& named) {
    if (!named.empty()) {
      WW_CHECK(make_directories(named, 0700));
      return StateFolder(std::filesystem::absolute(named).lexically_normal().string(), false);
    }
    auto pattern = (std::filesystem::temp_directory_path() / "watchword-dev-XXXXXX").string();
    if (!mkdtemp(pattern.data())) return fail(Reason::file_unwritable, pattern, "a temporary folder");
    return StateFolder(pattern, true);
  }
  StateFolder(StateFolder&& other) noexcept : path_(std::exchange(other.path_, {})), temporary_(other.temporary_) {}
  StateFolder& operator=(StateFolder&&) = delete;
  ~StateFolder() {
    std::error_code ignored;  // the folder is temporary; nothing is left to do if it stays
    if (temporary_ && !path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  const std::string& path() const { return path_; }

 private:
  StateFolder(std::string path, bool temporary) : path_(std::move(path)), temporary_(temporary) {}
  std::string path_;
  bool temporary_;
};

struct Ports {
  unsigned api, gateway, issuer, backend, envoy;  // nothing of ours listens on the last
};

Status write_if_absent(const std::string& path, std::string_view content, unsigned mode) {
  if (std::filesystem::exists(path)) return {};
  return write_file_atomically(path, content, mode);
}

Status lay_out(const std::string& folder, const std::string& policy, const Ports& ports, Random& random) {
  using fmt::arg;
  auto config = fmt::format(kConfig, arg("api", ports.api), arg("gateway", ports.gateway), arg("issuer", ports.issuer),
                            arg("folder", folder));
  WW_CHECK(write_file_atomically(folder + "/watchword.yaml", config));
  std::array<std::uint8_t, 32> key{};
  random.fill(key);
  WW_CHECK(write_if_absent(folder + "/sealing.key", to_base64(key) + "\n", 0600));
  WW_CHECK(write_if_absent(folder + "/webhook.secret", random_token(random) + "\n", 0600));
  WW_CHECK(make_directories(folder + "/log"));
  WW_CHECK(make_directories(folder + "/policy"));
  if (policy.empty())
    return write_if_absent(folder + "/policy/billing.yaml", fmt::format(kPolicy, arg("backend", ports.backend)), 0644);
  return {};
}

// What the example's policy lets a job do: reading at once, writing once its change is merged, nothing after its end.
void print_story(const std::string& folder, const Ports& ports, const Output& out) {
  const auto call =
      fmt::format("curl -s http://billing.localhost:{}/v1/invoices -H \"Authorization: Bearer $TOKEN\"", ports.gateway);
  out.line("  " + call);
  out.line("  watchword exec billing-api -- sh -c 'curl -s $BILLING_API_URL/v1/invoices'    # it needs no token");
  out.line(
      fmt::format("  hook() {{ curl -s http://127.0.0.1:{}/hooks/gitlab/projects/42 -H \"X-Gitlab-Token: $(watchword "
                  "gitlab hook-secret --project 42 --config {}/watchword.yaml)\" -d @examples/events/$1.json; }}",
                  ports.api, folder));
  out.line("  hook merge_request_opened");
  out.line("  " + call + " -d amount=1    # refused: not merged");
  out.line("  hook merge_request_merged");
  out.line("  " + call + " -d amount=1    # the same token may write now");
  out.line("  hook job_finished");
  out.line("  " + call + "                # refused: the job has ended");
}

void print_hints(const std::string& folder, const std::string& policy, const Ports& ports, const Gate& gate,
                 const Output& out) {
  auto line = [&](std::string_view text) { out.line(text); };
  line(out.strong("Watchword runs on loopback."));
  line(fmt::format("  token endpoint  http://127.0.0.1:{}/oauth/token", ports.api));
  if (policy.empty())
    line(fmt::format("  gateway         http://billing.localhost:{}  (resource billing-api)", ports.gateway));
  else
    line(fmt::format("  gateway         http://127.0.0.1:{}  (ask with 'Host: ...' of a resource of {})", ports.gateway,
                     policy));
  line(fmt::format("  issuer          http://127.0.0.1:{}/token    (mints an ID token; a stand-in for GitLab)",
                   ports.issuer));
  line(fmt::format("  webhooks        http://127.0.0.1:{}/hooks/gitlab/projects/ID", ports.api));
  line(fmt::format("  their secrets   watchword gitlab hook-secret --project ID --config {}/watchword.yaml", folder));
  line(fmt::format("  state           {}", folder));
  line("  with Envoy in front (docs/envoy.md), in another terminal:");
  line(
      fmt::format("    watchword envoy config --config {0}/watchword.yaml --listen 127.0.0.1:{1} --admin "
                  "unix:{0}/envoy-admin.sock --check --output {0}/envoy.json",
                  folder, ports.envoy));
  line(fmt::format("    envoy --disable-hot-restart -c {}/envoy.json", folder));
  if (policy.empty()) line(fmt::format("    and what is below works at http://billing.localhost:{} too", ports.envoy));
  line("");
  line(policy.empty() ? "Try, in another terminal, in the folder of Watchword's sources:"
                      : "Try, in another terminal:");
  std::error_code unknown;  // then the command is found by what the user knows
  const auto self = std::filesystem::read_symlink("/proc/self/exe", unknown);
  if (!unknown) line(fmt::format("  PATH=$PATH:{}", self.parent_path().string()));
  line(fmt::format("  export WATCHWORD_URL=http://127.0.0.1:{}", ports.api));
  line(fmt::format(
      "  export WATCHWORD_ID_TOKEN=$(curl -s 'http://127.0.0.1:{}/token?project_path=acme/billing&ref=main')",
      ports.issuer));
  line("  TOKEN=$(watchword token exchange --token-only)");
  line(fmt::format("  watchword sessions list --config {}/watchword.yaml", folder));
  if (policy.empty()) print_story(folder, ports, out);
  line(fmt::format("  watchword audit verify {}/log --key '{}'", folder, gate.log_verifier_key()));
  line("Ctrl-C stops it.");
}

Result<std::unique_ptr<http::Server>> listen_on(net::LoopPool& loops, unsigned port, http::Handler& handler) {
  http::Server::Options options{.address = {"127.0.0.1", static_cast<std::uint16_t>(port), {}}};
  return http::Server::start(loops.loops(), options, handler);
}

}  // namespace

int dev(const DevOptions& options, const Output& out) {
  terminal::SignalWait signals;
  SystemClock clock;
  SystemRandom random;
  http::CurlFetcher fetcher;
  Ports ports{options.port, options.port + 1u, options.port + 2u, options.port + 3u, options.port + 4u};
  auto state = StateFolder::make(options.state);
  if (!state) return out.error(state.error());
  const auto& folder = state->path();
  // Before anything is written: another one may run from these files.
  const auto lock = store::FileLock::take(folder + "/dev.lock");
  if (!lock) return out.error(lock.error());

  net::LoopPool loops(1);
  api::Router issuer_router;
  EchoBackend backend;
  auto issuer = DevIssuer::make(fmt::format("http://127.0.0.1:{}", ports.issuer),
                                fmt::format("http://127.0.0.1:{}", ports.api), clock, random);
  if (!issuer) return out.error(issuer.error());
  (*issuer)->add_to(issuer_router);
  auto issuer_server = listen_on(loops, ports.issuer, issuer_router);
  if (!issuer_server) return out.error(issuer_server.error());
  auto backend_server = listen_on(loops, ports.backend, backend);
  if (!backend_server) return out.error(backend_server.error());

  if (auto laid = lay_out(folder, options.policy, ports, random); !laid) return out.error(laid.error());
  auto config = load_config(folder + "/watchword.yaml");
  if (!config) return out.errors(config.error());
  if (!options.policy.empty()) config->policy_directory = std::filesystem::absolute(options.policy).string();
  log::set_level(config->log_level);
  auto gate = Gate::start(*std::move(config), fetcher, clock, random);
  if (!gate) return out.errors(gate.error());
  print_hints(folder, options.policy, ports, **gate, out);
  run_until_stopped(**gate, signals);
  return kOk;
}

}  // namespace watchword::cli
