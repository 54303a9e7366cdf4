#include "job/run_access.h"

#include <algorithm>
#include <utility>

#include "net/loop.h"

namespace watchword::job {
namespace {

constexpr Duration kTick = std::chrono::seconds(1);
// A refusal may lapse, as when the change is merged at last; each question for that is a durable record at the gate.
constexpr Duration kAfterDenial = std::chrono::seconds(30);

std::string asked(const Wanted& wanted) {
  std::string text;
  for (const auto& action : wanted.actions) text += (text.empty() ? "" : " ") + wanted.resource + "/" + action;
  return text.empty() ? wanted.resource : text;
}

bool succeeded(const Result<Reply>& reply) { return reply && reply->status / 100 == 2; }

Reason reason_of(const Result<Reply>& reply) { return reply ? error_from(*reply).reason : reply.error().reason; }

// No later exchange with the same ID token succeeds.
bool is_final(Reason reason) {
  return describe(reason).kind == ReasonKind::unauthenticated || reason == Reason::job_finished ||
         reason == Reason::token_already_used;
}

}  // namespace

RunAccess::RunAccess(Holder& holder, Teller& teller, const std::vector<Wanted>& wanted, Options options)
    : holder_(holder), teller_(teller), options_(std::move(options)) {
  for (const auto& one : wanted) all_.push_back(std::make_unique<One>(holder, one, options_.explain));
}

net::Task<Result<Reply>> RunAccess::renew(std::size_t index) {
  auto& one = *all_[index];
  auto before = one.access.token();
  auto reply = co_await one.access.renew();
  if (!succeeded(reply)) co_return reply;
  const auto token = one.access.token();
  one.times.renewed(token->ends - holder_.clock.now());
  // What ends with its session is not renewed by asking more often.
  if (before && token->ends <= before->ends + kTick) one.not_before = token->ends;
  std::erase_if(one.earlier, [&](const auto& old) { return old->ends <= holder_.clock.now(); });
  if (before) one.earlier.push_back(std::move(before));
  options_.on_token(index, *token);
  co_return reply;
}

net::Task<std::optional<RunAccess::Refused>> RunAccess::acquire() {
  for (std::size_t i = 0; i < all_.size(); ++i) {
    auto reply = co_await renew(i);
    if (!succeeded(reply)) co_return Refused{asked(all_[i]->access.wanted()), std::move(reply)};
    if (options_.explain) teller_.explain(*reply);
  }
  co_return std::nullopt;
}

void RunAccess::keep() {
  for (std::size_t i = 0; i < all_.size(); ++i) net::spawn(keep_one(i));
}

net::Task<void> RunAccess::keep_one(std::size_t index) {
  auto& one = *all_[index];
  while (true) {
    const auto until = std::max(one.times.left(), one.not_before - holder_.clock.now());
    if (until > Duration::zero()) co_await net::Loop::current()->sleep(std::min(until, kTick));
    if (one.trouble.exchange(false)) {
      one.times.trouble();
      one.not_before = {};
    }
    if (one.times.left() > Duration::zero() || holder_.clock.now() < one.not_before) continue;
    const auto reply = co_await renew(index);
    if (!succeeded(reply)) {
      if (failed(one, reply) == Next::end) co_return;
    } else if (std::exchange(one.failing, std::nullopt)) {
      teller_.say("the access to " + one.access.wanted().resource + " is renewed again");
    }
  }
}

RunAccess::Next RunAccess::failed(One& one, const Result<Reply>& reply) {
  const auto reason = reason_of(reply);
  one.times.failed();
  if (is_final(reason)) {
    say_over(one, reason);
    if (reply) teller_.tell(*reply);
    return Next::end;
  }
  if (reply && describe(reason).kind == ReasonKind::denied) one.not_before = holder_.clock.now() + kAfterDenial;
  if (one.failing == reason) return Next::go_on;
  one.failing = reason;
  teller_.say("the access to " + one.access.wanted().resource +
              " could not be renewed, trying again: " + to_string(reply ? error_from(*reply) : reply.error()));
  if (reply) teller_.tell(*reply);
  return Next::go_on;
}

void RunAccess::say_over(const One& one, Reason reason) {
  const auto why = std::string(name(reason)) + ", " + std::string(describe(reason).meaning);
  const auto left = one.access.token()->ends - holder_.clock.now();
  const bool lasts = reason == Reason::token_expired || reason == Reason::token_already_used;
  teller_.say("the access to " + one.access.wanted().resource +
              (lasts && left > Duration::zero()
                   ? " ends in " + to_string(std::chrono::ceil<std::chrono::seconds>(left)) + " and is not renewed: "
                   : " is over: ") +
              why + ". The command goes on without it");
}

void RunAccess::trouble() {
  for (const auto& one : all_) one->trouble = true;
}

std::vector<Access*> RunAccess::accesses() {
  std::vector<Access*> all;
  for (const auto& one : all_) all.push_back(&one->access);
  return all;
}

std::vector<Secret> RunAccess::tokens() const {
  std::vector<Secret> all;
  for (const auto& one : all_) {
    auto tokens = one->earlier;
    tokens.push_back(one->access.token());
    for (const auto& token : tokens)
      if (token && token->ends > holder_.clock.now()) all.push_back(token->value.clone());
  }
  return all;
}

}  // namespace watchword::job
