// watchword exec: a command with access to resources, and no credential in its reach.
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <utility>

#include "job/commands.h"
#include "job/exec_plan.h"
#include "job/exec_run.h"
#include "job/revocation.h"

namespace watchword::job {
namespace {

// The likeliest cause in a run's command is that it is one.
Error explained(Error error) {
  if (error.reason == Reason::token_missing && std::getenv("WATCHWORD_RUN") != nullptr)
    error.fix =
        "this is the command of another 'watchword exec', which keeps the ID token to itself: name the "
        "resources of both there, and leave this one out";
  return error;
}

int exec_here(const ExecOptions& options, const Output& out, const ExecPlan& plan, const Descriptors& inherited) {
  const SystemClock clock;
  SystemRandom random;
  auto holder = make_holder(options, clock, random);
  if (!holder) return kExecFailure + out.error(explained(holder.error()));
  Environment environment(environ);
  environment.forget((*holder)->id_token, options.token_env);
  auto signals = RunSignals::start();
  if (!signals) return kExecFailure + out.error(signals.error());
  const auto keeper = Keeper::start([&holder = **holder](const Keeper::Held& held) {
    if (held.group != 0) ::kill(-held.group, SIGKILL);
    static_cast<void>(net::run_blocking(give_back(holder, held.tokens)));
  });
  if (!keeper) return kExecFailure + out.error(keeper.error());
  Teller teller(clock, out.json());
  return ExecRun({plan, options, out, **holder, environment, inherited, *signals, *keeper, teller}).go();
}

}  // namespace

int exec(const ExecOptions& options, const Output& out) {
  const auto inherited = Descriptors::inherited();  // before anything is opened
  const Output own(out.json() || options.json);
  auto plan = plan_of(options);
  if (!plan) return kExecFailure + own.error(plan.error());
  return exec_here(options, own, *plan, inherited);
}

}  // namespace watchword::job
