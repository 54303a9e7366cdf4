#include "context/group_members.h"

#include <algorithm>
#include <utility>

#include "net/loop.h"

namespace watchword::context {
namespace {

net::Task<void> give_up(std::shared_ptr<Waiter> waiter, std::chrono::milliseconds wait) {
  co_await net::Loop::current()->sleep(wait);
  waiter->finish(false);
}

}  // namespace

GroupMembers::GroupMembers(std::map<std::string, Ask> issuers, const Clock& clock, GroupMembersOptions options)
    : issuers_(std::move(issuers)),
      clock_(clock),
      options_(options),
      in_flight_(Duration{}),  // answers are held here
      worker_([this](const std::stop_token& stop) { work(stop); }) {}

net::Task<Status> GroupMembers::check(std::string issuer, std::string group, std::string project) {
  if (!issuers_.contains(issuer))
    co_return fail(Reason::webhook_out_of_scope, "the hook of a group, and an issuer without api_token",
                   "api_token: only GitLab can say which projects are the group's");
  Question question{std::move(issuer), group, project};
  const std::string key = question.key();
  auto answer = find(key);
  if (!answer) {
    auto waiter = std::make_shared<Waiter>();
    const auto joined = in_flight_.join(key, waiter, clock_.now());
    if (joined.held || (joined.begins && !enqueue(std::move(question)))) {
      if (joined.begins) in_flight_.land(key, false, clock_.now());
      co_return fail(Reason::overloaded, "questions to GitLab that wait", "at most " + std::to_string(kMostWaiting));
    }
    net::spawn(give_up(waiter, options_.wait));
    static_cast<void>(co_await waiter->answer());
    answer = find(key);
  }
  if (!answer)
    co_return fail(Reason::ci_unavailable, "no answer within " + to_string(Duration(options_.wait)),
                   "the groups of project " + project);
  if (!*answer) co_return std::unexpected(answer->error());
  if (std::ranges::find(**answer, group) != (*answer)->end()) co_return Status{};
  co_return fail(Reason::webhook_out_of_scope, "an event of project " + project,
                 "one of a project that GitLab shows to api_token in group " + group);
}

// An answer of a time to come is from before the clock was set back.
bool GroupMembers::holds(const Held& held, Time now) const {
  const bool found = held.answer && !held.answer->empty();
  return now >= held.at && now - held.at < (found ? options_.answer_holds : options_.failure_holds);
}

std::optional<GroupMembers::Answer> GroupMembers::find(const std::string& key) const {
  const std::lock_guard lock(mutex_);
  const auto found = held_.find(key);
  if (found == held_.end() || !holds(found->second, clock_.now())) return std::nullopt;
  return found->second.answer;
}

bool GroupMembers::enqueue(Question question) {
  const std::lock_guard lock(mutex_);
  const auto of_group = std::ranges::count_if(questions_, [&](const Question& other) {
    return other.issuer == question.issuer && other.group == question.group;
  });
  if (questions_.size() >= kMostWaiting || std::cmp_greater_equal(of_group, kMostOfGroup)) return false;
  questions_.push_back(std::move(question));
  wake_.notify_all();
  return true;
}

void GroupMembers::keep(const std::string& key, Answer answer, Time now) {
  const std::lock_guard lock(mutex_);
  if (held_.size() >= kMostHeld) std::erase_if(held_, [&](const auto& one) { return !holds(one.second, now); });
  if (held_.size() >= kMostHeld)
    held_.erase(std::ranges::min_element(held_, {}, [](const auto& one) { return one.second.at; }));
  held_.insert_or_assign(key, Held{std::move(answer), now});
}

void GroupMembers::work(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (wake_.wait(lock, stop, [this] { return !questions_.empty(); }) && !stop.stop_requested()) {
    const Question question = std::move(questions_.front());
    questions_.pop_front();
    lock.unlock();
    Answer answer = issuers_.at(question.issuer)(question.project);
    const Time now = clock_.now();
    keep(question.key(), std::move(answer), now);
    in_flight_.forget(now);
    in_flight_.land(question.key(), true, now);
    lock.lock();
  }
}

}  // namespace watchword::context
