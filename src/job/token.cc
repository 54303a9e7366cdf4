// watchword token exchange, token get
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <utility>

#include "base/clock.h"
#include "base/random.h"
#include "job/exchange.h"
#include "job/wanted.h"
#include "net/loop.h"

namespace watchword::job {
namespace {

bool succeeded(const Reply& reply) { return reply.status / 100 == 2; }

// To standard error, where somebody reads along and the token does not.
void hint(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stderr); }

// GitLab masks the variables that are marked as masked before a job starts. A value that comes up inside the job cannot
// be added, but for runners with the experimental proxy_exec (GitLab Runner 17.10).
void hint_at_logs() {
  const char* gitlab = std::getenv("GITLAB_CI");
  const bool in_gitlab = gitlab != nullptr && *gitlab != '\0';
  const bool seen = ::isatty(STDOUT_FILENO) == 1;
  if (in_gitlab)
    hint(
        "hint: GitLab masks only variables that were masked before the job began, so this token would show in the "
        "log.\n"
        "      Take it as TOKEN=\"$(watchword token get ...)\", without 'set -x', and never echo it.\n");
  else if (!seen)
    hint("hint: this is a credential: keep it out of logs and files; it ends with the job at the latest.\n");
}

Result<Wanted> wanted_of(const TokenGetOptions& options) {
  std::vector<std::string> words;
  for (const auto& action : options.actions) words.push_back(options.resource + "/" + action);
  if (words.empty()) words.push_back(options.resource);
  WW_TRY(auto wanted, parse_wanted(words));
  return std::move(wanted.front());
}

}  // namespace

int token_exchange(const ExchangeOptions& options, const Output& out) {
  const SystemClock clock;
  SystemRandom random;
  auto holder = make_holder(options, clock, random);
  if (!holder) return out.error(holder.error());
  auto reply =
      net::run_blocking(exchange(**holder, {.audiences = options.audiences, .scope = options.scope, .bound = false}));
  if (!reply) return out.error(reply.error());
  if (!succeeded(*reply)) return print_refusal(*reply, out, options.scope, options.token_only ? stderr : stdout);
  if (options.token_only)
    out.line(reply->body.string_or("access_token", ""));
  else
    out.value(reply->body);
  return kOk;
}

int token_get(const TokenGetOptions& options, const Output& out) {
  auto wanted = wanted_of(options);
  if (!wanted) return out.error(wanted.error());
  const SystemClock clock;
  SystemRandom random;
  auto holder = make_holder(options, clock, random);
  if (!holder) return out.error(holder.error());
  Access access(**holder, *std::move(wanted), false);
  auto reply = net::run_blocking(access.renew());
  if (!reply) return out.error(reply.error());
  if (!succeeded(*reply)) return print_refusal(*reply, out, options.resource, stderr);
  hint_at_logs();
  out.line(access.token()->value.reveal());
  return kOk;
}

}  // namespace watchword::job
