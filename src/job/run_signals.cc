#include "job/run_signals.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace watchword::job {
namespace {

// Comes when the thread that started this process ends, which may not be its process's end: getppid() tells. No signal
// that anybody sends, so that it is none to pass on.
int of_parent() { return SIGRTMIN; }

bool is_ignored(int signal) {
  struct sigaction now{};
  return ::sigaction(signal, nullptr, &now) == 0 && now.sa_handler == SIG_IGN;
}

sigset_t wanted() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH})
    if (!is_ignored(signal)) sigaddset(&set, signal);
  sigaddset(&set, SIGCHLD);
  sigaddset(&set, of_parent());
  return set;
}

struct sigaction set_action(int signal, sighandler_t action) {
  struct sigaction next{}, before{};
  next.sa_handler = action;
  ::sigaction(signal, &next, &before);
  return before;
}

int milliseconds(Duration time) {
  const auto rounded = std::chrono::ceil<std::chrono::milliseconds>(time).count();
  return static_cast<int>(std::clamp<std::int64_t>(rounded, 0, 1 << 30));
}

}  // namespace

Result<RunSignals> RunSignals::start() {
  const auto set = wanted();
  RunSignals all(Descriptor(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK)),
                 Descriptor(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)));
  if (!all.signals_.open() || !all.news_.open())
    return std::unexpected(Error{Reason::command_not_started,
                                 std::strerror(errno),
                                 "two more open files",
                                 {},
                                 "raise the limit of open files (ulimit -n)"});
  all.child_ = set_action(SIGCHLD, SIG_DFL);  // ignored, it would take the command's status away
  all.pipe_ = set_action(SIGPIPE, SIG_IGN);
  pthread_sigmask(SIG_BLOCK, &set, &all.mask_);
  all.parent_ = ::getppid();
  ::prctl(PR_SET_PDEATHSIG, of_parent());
  return all;
}

std::optional<RunSignals::Event> RunSignals::next() const {
  signalfd_siginfo info{};
  if (::read(signals_.get(), &info, sizeof info) != sizeof info) return std::nullopt;
  const auto number = static_cast<int>(info.ssi_signo);
  if (number == of_parent()) return std::nullopt;  // asked below
  if (number == SIGCHLD) return Event{.what = What::child};
  return Event{.what = What::signal, .number = number, .from_terminal = info.ssi_code == SI_KERNEL};
}

std::optional<RunSignals::Event> RunSignals::wait(std::optional<Duration> at_most) {
  const auto newly_orphaned = [this] { return !orphaned_ && ::getppid() != parent_; };
  std::array<pollfd, 2> on{pollfd{.fd = signals_.get(), .events = POLLIN, .revents = 0},
                           pollfd{.fd = news_.get(), .events = POLLIN, .revents = 0}};
  if (!newly_orphaned()) ::poll(on.data(), on.size(), at_most ? milliseconds(*at_most) : -1);
  if (const auto event = next()) return event;
  eventfd_t count = 0;
  if (::eventfd_read(news_.get(), &count) == 0) return Event{};
  if (!newly_orphaned()) return std::nullopt;
  orphaned_ = true;
  return Event{.what = What::parent_gone};
}

void RunSignals::wake() const { static_cast<void>(::eventfd_write(news_.get(), 1)); }

void RunSignals::restore() const {
  ::sigaction(SIGCHLD, &child_, nullptr);
  ::sigaction(SIGPIPE, &pipe_, nullptr);
  pthread_sigmask(SIG_SETMASK, &mask_, nullptr);
}

}  // namespace watchword::job
