#include "job/exec_run.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "job/exchange.h"
#include "job/local_gate.h"
#include "job/revocation.h"

namespace watchword::job {
namespace {

using Steady = std::chrono::steady_clock;

constexpr int kSignalled = 128;                    // and N, as shells have it
constexpr auto kGrace = std::chrono::seconds(10);  // for a command whose run has lost its parent

void set_variables(Environment& environment, const LocalGate& gate, const ExecPlan& plan) {
  const auto& doors = gate.doors();
  for (std::size_t i = 0; i < doors.size(); ++i)
    for (const auto& [url, stem] : plan.names[i]) {
      environment.set(url, doors[i].url);
      if (!doors[i].socket.empty()) {
        environment.set(stem + "_SOCKET", doors[i].socket);
        continue;
      }
      environment.set(stem + "_HOST", doors[i].host);
      environment.set(stem + "_PORT", std::to_string(doors[i].port));
    }
  if (!doors.empty() && !doors.front().host.empty()) environment.reach_directly(doors.front().host);
  environment.set("WATCHWORD_RUN", gate.run_secret().reveal());
}

bool ends_a_process(int signal) { return signal != SIGWINCH && signal != SIGUSR1 && signal != SIGUSR2; }

// A second at least: after SIGKILL there is nothing to do but wait.
Duration left_until(Steady::time_point time) {
  return std::max<Duration>(std::chrono::ceil<Duration>(time - Steady::now()), std::chrono::seconds(1));
}

}  // namespace

ExecRun::ExecRun(const Parts& parts)
    : parts_(parts),
      access_(parts.holder, parts.teller, parts.plan.wanted,
              {.explain = parts.options.explain, .on_token = [&keeper = parts.keeper](auto access, const Token& token) {
                 keeper.hold(access, token.value.reveal());
               }}) {}

int ExecRun::go() {
  const int code = with_access();
  loops_.stop();
  static_cast<void>(net::run_blocking(give_back(parts_.holder, access_.tokens())));
  return code;
}

int ExecRun::with_access() {
  if (const auto code = acquire()) return *code;
  auto gate = LocalGate::start(
      access_.accesses(), parts_.holder,
      {.unix_sockets = parts_.options.unix_sockets, .on_refusal = [this](const Reply& refusal) { refused(refusal); }});
  if (!gate) return kExecFailure + parts_.out.error(gate.error());
  set_variables(parts_.environment, **gate, parts_.plan);
  auto child = Child::start(parts_.plan.command, parts_.environment.pointers(), parts_.signals, parts_.inherited,
                            [this](pid_t group) { parts_.keeper.hold_group(group); });
  if (!child) {
    parts_.out.error(child.error().error);
    return child.error().code;
  }
  loop().post([this] {
    parts_.holder.retry_for = Duration::zero();  // from here on the renewals try again by themselves, and say less
    access_.keep();
  });
  const int code = follow(*child);
  parts_.keeper.hold_group(0);
  return code;
}

std::optional<int> ExecRun::acquire() {
  loop().post([this] { net::spawn(acquire_on_loop()); });
  while (!acquired_) {
    const auto event = parts_.signals.wait();
    if (event && event->what == RunSignals::What::parent_gone) return kSignalled + SIGTERM;
    if (event && event->what == RunSignals::What::signal && ends_a_process(event->number))
      return kSignalled + event->number;
  }
  if (!refused_) return std::nullopt;
  const auto& [asked, reply] = *refused_;
  return kExecFailure + (reply ? print_refusal(*reply, parts_.out, asked, stderr) : parts_.out.error(reply.error()));
}

net::Task<void> ExecRun::acquire_on_loop() {
  refused_ = co_await access_.acquire();
  acquired_ = true;
  parts_.signals.wake();
}

int ExecRun::follow(Child& child) {
  std::optional<Steady::time_point> kill_at;
  while (true) {
    if (const auto code = child.ended()) return *code;
    if (kill_at && Steady::now() >= *kill_at) child.signal(SIGKILL);
    const auto event = parts_.signals.wait(kill_at ? std::optional(left_until(*kill_at)) : std::nullopt);
    if (!event) continue;
    if (event->what == RunSignals::What::signal && !(event->from_terminal && child.hears_terminal()))
      child.signal(event->number);
    if (event->what == RunSignals::What::parent_gone) {
      parts_.teller.say("the process that started this run has ended: the command is ended too");
      child.signal(SIGTERM);
      kill_at = Steady::now() + kGrace;
    }
  }
}

void ExecRun::refused(const Reply& refusal) {
  if (!refusal.body.is_null()) parts_.teller.tell(refusal);
  const bool cut = refusal.status == 0 && refusal.body.is_null();
  const auto kind = describe(error_from(refusal).reason).kind;
  if (cut || (refusal.status != 0 && kind == ReasonKind::unauthenticated)) access_.trouble();
}

}  // namespace watchword::job
