#include "job/child.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "base/descriptor.h"

namespace watchword::job {
namespace {

constexpr int kNotFound = 127, kNotExecutable = 126, kSignalled = 128;

struct Start {
  std::vector<char*> arguments;
  char* const* environment;
  const RunSignals& signals;
  const Descriptors& inherited;
  bool own_group;
  pid_t parent;
  int parent_end;  // a byte comes when the command may run; what exec(3) failed with goes back
};

// Between fork and exec, in a process that had threads: system calls only (signal-safety(7)).
[[noreturn]] void become(const Start& start) {
  if (start.own_group) ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != start.parent) ::_exit(kSignalled + SIGKILL);  // it was too late
  start.inherited.close_others(start.parent_end);
  char go = 0;
  if (::read(start.parent_end, &go, 1) != 1) ::_exit(kSignalled + SIGKILL);
  start.signals.restore();
  ::execvpe(start.arguments.front(), start.arguments.data(), start.environment);
  const int why = errno;
  static_cast<void>(::write(start.parent_end, &why, sizeof why));
  ::_exit(kNotFound);
}

bool has_terminal() { return Descriptor(::open("/dev/tty", O_RDONLY | O_CLOEXEC | O_NOCTTY)).open(); }

std::unexpected<Child::NotStarted> no_process(const char* what) {
  return std::unexpected(Child::NotStarted{
      {Reason::command_not_started,
       std::string(what) + ": " + std::strerror(errno),
       "one more process",
       {},
       "raise the limit of processes or open files of the job (ulimit -u, ulimit -n; of its container: pids limit)"},
      kNotExecutable});
}

std::string fix_for(int why, const std::string& command) {
  if (why == ENOENT && command.contains('/') && ::access(command.c_str(), F_OK) == 0)
    return "the file is there, but what its first line (#!) names, or its loader, is not";
  if (why == ENOENT && command.contains('/')) return "check the path, from the folder in which exec is started";
  if (why == ENOENT) return "install it in the job's image, or give its path; a shell's own words need sh -c '...'";
  if (why == EACCES) return "make it executable (chmod +x), or start it by its interpreter, such as sh FILE";
  if (why == E2BIG) return "give it fewer or shorter arguments and variables";
  return "check that it is a program for this machine";
}

Child::NotStarted not_started(int why, const std::string& command) {
  return {{Reason::command_not_started, command + ": " + std::strerror(why), "a program", {}, fix_for(why, command)},
          why == ENOENT ? kNotFound : kNotExecutable};
}

// The words outlive the call; exec(3) takes them without changing them.
std::vector<char*> pointers(const std::vector<std::string>& words) {
  std::vector<char*> all;
  for (const auto& word : words) all.push_back(const_cast<char*>(word.c_str()));
  all.push_back(nullptr);
  return all;
}

}  // namespace

std::expected<Child, Child::NotStarted> Child::start(const std::vector<std::string>& words,
                                                     const std::vector<char*>& environment, const RunSignals& signals,
                                                     const Descriptors& inherited,
                                                     const std::function<void(pid_t group)>& before) {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) return no_process("socketpair");
  const Descriptor here(ends[0]);
  Descriptor there(ends[1]);
  const Start start{pointers(words), environment.data(), signals, inherited, !has_terminal(), ::getpid(), there.get()};
  const pid_t pid = ::fork();
  if (pid < 0) return no_process("fork");
  if (pid == 0) become(start);
  there = Descriptor(-1);
  if (start.own_group) ::setpgid(pid, pid);  // both do it, so that it holds for whoever goes on first
  const pid_t group = start.own_group ? pid : 0;
  before(group);
  ::send(here.get(), "", 1, MSG_NOSIGNAL);
  int why = 0;
  ssize_t got;
  do got = ::read(here.get(), &why, sizeof why);
  while (got < 0 && errno == EINTR);
  if (got != sizeof why) return Child(pid, group);
  ::waitpid(pid, nullptr, 0);
  before(0);
  return std::unexpected(not_started(why, words.front()));
}

void Child::signal(int number) const {
  if (code_) return;
  const bool to_all = group_ != 0 && number != SIGUSR1 && number != SIGUSR2 && number != SIGWINCH;
  ::kill(to_all ? -group_ : pid_, number);
}

std::optional<int> Child::ended() {
  int status = 0;
  if (!code_ && ::waitpid(pid_, &status, WNOHANG) == pid_)
    code_ = WIFEXITED(status) ? WEXITSTATUS(status) : kSignalled + WTERMSIG(status);
  return code_;
}

}  // namespace watchword::job
