#include "cli/envoy_binary.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "base/descriptor.h"
#include "base/text.h"

namespace watchword::cli {
namespace {

using Steady = std::chrono::steady_clock;

constexpr auto kLongest = std::chrono::seconds(120);
constexpr std::size_t kMostOutput = 64 * 1024;

bool runs(const std::string& path) { return ::access(path.c_str(), X_OK) == 0; }

class SpawnActions {
 public:
  SpawnActions() { ::posix_spawn_file_actions_init(&actions_); }
  ~SpawnActions() { ::posix_spawn_file_actions_destroy(&actions_); }
  SpawnActions(const SpawnActions&) = delete;
  SpawnActions& operator=(const SpawnActions&) = delete;
  void to(int from, int target) { ::posix_spawn_file_actions_adddup2(&actions_, from, target); }
  const posix_spawn_file_actions_t* get() const { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_{};
};

Result<pid_t> start(const std::string& program, std::vector<std::string> arguments, int output) {
  SpawnActions actions;
  actions.to(output, STDOUT_FILENO);
  actions.to(output, STDERR_FILENO);
  std::vector<char*> argv;
  for (auto& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  pid_t pid = -1;
  if (const int error = ::posix_spawn(&pid, program.c_str(), actions.get(), nullptr, argv.data(), ::environ);
      error != 0)
    return fail(Reason::file_unreadable, std::strerror(error), "a program that runs", program);
  return pid;
}

// All that the child writes, as far as it is bounded; false when it took too long.
bool read_all(const Descriptor& from, std::string& text) {
  const auto end = Steady::now() + kLongest;
  std::array<char, 4096> piece{};
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Steady::now()).count();
    pollfd wait{.fd = from.get(), .events = POLLIN, .revents = 0};
    if (left <= 0) return false;
    if (::poll(&wait, 1, static_cast<int>(left)) <= 0) continue;
    const ssize_t count = ::read(from.get(), piece.data(), piece.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return true;
    if (text.size() < kMostOutput) text.append(piece.data(), static_cast<std::size_t>(count));
  }
}

int wait_for(pid_t pid) {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

}  // namespace

Result<std::string> find_envoy(const std::string& path) {
  if (!path.empty()) {
    if (runs(path)) return path;
    return fail(Reason::file_unreadable, "no program '" + path + "'", "the real Envoy", "--envoy");
  }
  const char* folders = std::getenv("PATH");
  for (const auto folder : split(folders != nullptr ? folders : "", ':'))
    if (auto candidate = std::string(folder) + "/envoy"; !folder.empty() && runs(candidate)) return candidate;
  return std::unexpected(Error{Reason::file_unreadable,
                               "no envoy on $PATH",
                               "the real Envoy, to validate with",
                               {},
                               "give --envoy PATH; 'watchword envoy check' alone needs none"});
}

Status validate_with(const std::string& envoy, const std::string& file) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return fail(Reason::internal, std::strerror(errno), "a pipe");
  const Descriptor out(ends[0]);
  std::string said;
  bool in_time = false;
  int status = 0;
  {
    Descriptor in(ends[1]);
    WW_TRY(const pid_t pid,
           start(envoy, {envoy, "--mode", "validate", "--disable-hot-restart", "-l", "error", "-c", file}, in.get()));
    in = Descriptor(-1);  // the child has the only one now
    in_time = read_all(out, said);
    if (!in_time) ::kill(pid, SIGKILL);
    status = wait_for(pid);
  }
  if (in_time && WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  if (!in_time) said = "no answer in time";
  said.resize(std::min(said.find('\n'), said.size()));  // the reason; the part that it refuses may stand behind it
  return fail(Reason::config_invalid, said, "a configuration that Envoy takes", envoy);
}

}  // namespace watchword::cli
