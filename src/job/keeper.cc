#include "job/keeper.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>
#include <deque>
#include <map>
#include <string>
#include <utility>

#include "job/descriptors.h"

namespace watchword::job {
namespace {

// A message is a letter, a number in decimal, a space and, for a token, its bytes.
constexpr char kToken = 't', kGroup = 'g';
constexpr std::size_t kMostMessage = std::size_t{64} * 1024;

void send(const Descriptor& to, char kind, std::uint64_t number, std::string_view text = {}) {
  std::string message(1, kind);
  message.reserve(text.size() + 32);
  message += std::to_string(number);
  message += ' ';
  message += text;
  while (::send(to.get(), message.data(), message.size(), MSG_NOSIGNAL | MSG_DONTWAIT) < 0 && errno == EINTR) {
  }
  wipe(message);
}

// What the keeper was told, and what it does at the end.
class Memory {
 public:
  void take(std::string_view message) {
    const auto space = message.find(' ');
    if (space == std::string_view::npos) return;
    std::uint64_t number = 0;
    std::from_chars(message.data() + 1, message.data() + space, number);
    if (message.front() == kGroup) group_ = static_cast<pid_t>(number);
    if (message.front() != kToken) return;
    auto& held = tokens_[number];
    held.emplace_back(message.substr(space + 1));
    if (held.size() > Keeper::kMostTokens) held.pop_front();
  }

  Keeper::Held all() && {
    Keeper::Held held;
    held.group = group_;
    for (auto& [access, tokens] : tokens_)
      for (auto& token : tokens) held.tokens.push_back(std::move(token));
    return held;
  }

 private:
  std::map<std::uint64_t, std::deque<Secret>> tokens_;
  pid_t group_ = 0;
};

void detach(int kept) {
  ::setsid();
  ::prctl(PR_SET_NAME, "ww-keeper");
  static_cast<void>(::chdir("/"));
  const Descriptor null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd)
    if (null.get() != fd) ::dup2(null.get(), fd);
  close_all_but(kept);
}

// Whatever was blocked or ignored when the run was started.
void set_end(unsigned seconds) {
  ::signal(SIGALRM, SIG_DFL);
  sigset_t alarm;
  sigemptyset(&alarm);
  sigaddset(&alarm, SIGALRM);
  ::sigprocmask(SIG_UNBLOCK, &alarm, nullptr);
  ::alarm(seconds);
}

// Its parent's blocked signals are blocked here too: only the end of the run, or SIGKILL, ends this.
[[noreturn]] void keep(int from, const std::function<void(const Keeper::Held&)>& last) {
  detach(from);
  Memory memory;
  std::string buffer(kMostMessage, '\0');
  while (true) {
    const ssize_t got = ::recv(from, buffer.data(), buffer.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    memory.take(std::string_view(buffer).substr(0, static_cast<std::size_t>(got)));
    wipe(std::span(buffer).first(static_cast<std::size_t>(got)));
  }
  set_end(Keeper::kLongestSeconds);
  last(std::move(memory).all());
  ::_exit(0);
}

}  // namespace

Result<Keeper> Keeper::start(const std::function<void(const Held&)>& last) {
  std::array<int, 2> ends{};
  const auto failed = [](const char* what) {
    return std::unexpected(
        Error{Reason::command_not_started,
              std::string(what) + ": " + std::strerror(errno),
              "one more process, that gives the access back when this one is killed",
              {},
              "raise the limit of processes or open files of the job (ulimit -u, ulimit -n; of its container: pids "
              "limit)"});
  };
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) return failed("socketpair");
  Descriptor to(ends[0]);
  const Descriptor from(ends[1]);
  const pid_t pid = ::fork();
  if (pid < 0) return failed("fork");
  if (pid == 0) {
    to = Descriptor(-1);
    keep(from.get(), last);
  }
  return Keeper(pid, std::move(to));
}

Keeper::~Keeper() {
  if (!to_.open()) return;  // moved from
  ::kill(pid_, SIGKILL);
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

void Keeper::hold(std::size_t access, std::string_view token) const { send(to_, kToken, access, token); }
void Keeper::hold_group(pid_t group) const { send(to_, kGroup, static_cast<std::uint64_t>(group)); }

}  // namespace watchword::job
