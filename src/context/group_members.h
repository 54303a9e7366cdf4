// Which projects are a group's. An event names its project by id, and whoever sends it may write any path beside the
// id: only GitLab's API can say where that project is.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "context/single_flight.h"
#include "net/task.h"

namespace watchword::context {

struct GroupMembersOptions {
  std::chrono::milliseconds wait = std::chrono::seconds(2);  // an event waits at most so long
  Duration answer_holds = std::chrono::minutes(5);           // after a project has moved, its old group speaks so long
  Duration failure_holds = std::chrono::seconds(10);  // and that a project has no groups: it may be about to be made
};

class GroupMembers {
 public:
  // The ids of all groups above a project (GitlabHooks::groups_of). Blocking; on the one worker.
  using Ask = std::function<Result<std::vector<std::string>>(const std::string& project)>;
  // `issuers`: those that can be asked. `clock` outlives it.
  GroupMembers(std::map<std::string, Ask> issuers, const Clock& clock, GroupMembersOptions options = {});
  // After the question in flight. Nobody waits any more: the loops have stopped.
  ~GroupMembers() = default;

  // Whether the group holds the project, itself or by a subgroup; ids. On a loop. webhook_out_of_scope: not, or the
  // issuer cannot be asked. ci_unavailable: no answer in time. overloaded: too many other questions wait.
  net::Task<Status> check(std::string issuer, std::string group, std::string project);

  static constexpr std::size_t kMostWaiting = 64, kMostHeld = 10'000;  // questions, answers
  static constexpr std::size_t kMostOfGroup = 8;  // questions that one group's hook may have waiting

 private:
  using Answer = Result<std::vector<std::string>>;
  struct Held {
    Answer answer;
    Time at;
  };
  struct Question {
    std::string issuer, group, project;
    std::string key() const { return issuer + '/' + project; }
  };
  std::optional<Answer> find(const std::string& key) const;
  bool holds(const Held& held, Time now) const;
  bool enqueue(Question question);
  void keep(const std::string& key, Answer answer, Time now);
  void work(const std::stop_token& stop);

  const std::map<std::string, Ask> issuers_;
  const Clock& clock_;
  const GroupMembersOptions options_;
  SingleFlight in_flight_;
  mutable std::mutex mutex_;  // of the next three
  std::condition_variable_any wake_;
  std::deque<Question> questions_;
  std::unordered_map<std::string, Held> held_;
  std::jthread worker_;
};

}  // namespace watchword::context
