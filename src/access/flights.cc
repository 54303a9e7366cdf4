#include "access/flights.h"

#include <algorithm>
#include <string>
#include <utility>

#include "access/session.h"
#include "net/loop.h"

namespace watchword::access {
namespace {

// Facts may change thousands of times a second; requests under way are put to the door again this often at most.
constexpr std::chrono::milliseconds kDecideAgainAfter{100};

}  // namespace

void Flight::cut_for(Decision why) {
  if (cut) return;
  cut = std::move(why);
  stop();
}

Asked Flight::asked_now(const policy::Policy& policy) const {
  auto question = asked();
  const auto* target = policy.resource(resource);
  if (target == nullptr || target->http() == nullptr) return question;
  const auto* called = target->action_for({asker.host, asker.method, asker.path, asker.protocol});
  question.action = called != nullptr ? std::string_view(*called) : std::string_view();
  return question;
}

net::Task<void> Flights::session_ended(std::shared_ptr<const Session> session, Snapshot snapshot, Time now) {
  if (!by_session_.contains(session.get())) co_return;
  // None for what a person ended: that is an emergency.
  const auto grace = session->ended() == SessionEnd::revoked ? Duration::zero() : session->limits().drain;
  if (grace > Duration::zero())
    co_await net::Loop::current()->sleep(std::chrono::duration_cast<net::Steady::duration>(grace));
  const auto [from, to] = by_session_.equal_range(session.get());
  for (auto place = from; place != to; ++place) {
    auto& flight = *place->second;
    auto decision = decide(snapshot, *session, *flight.presented.grant, flight.asked_now(*snapshot.policy), now);
    if (!decision.allowed()) flight.cut_for(std::move(decision));
  }
}

// What the door is asked about a flight that may be over by the time of the answer.
struct Flights::Question {
  TokenService::Presented presented;
  std::uint64_t number;
  std::string resource, action, method, path, host;
};

void Flights::decide_again(TokenService& service, Time now) {
  const auto snapshot = service.snapshot();
  for (const auto& [session, flight] : by_session_) {
    if (session->ended() || flight->cut) continue;  // session_ended comes for the former, with its grace
    const auto asked = flight->asked_now(*snapshot.policy);
    auto decision = decide(snapshot, *session, *flight->presented.grant, asked, now);
    if (decision.lacks_facts())
      net::spawn(ask_then_decide(
          service, {flight->presented, flight->number, std::string(flight->resource), std::string(asked.action),
                    flight->asker.method, flight->asker.path, flight->asker.host}));
    else if (!decision.allowed())
      flight->cut_for(std::move(decision));
  }
}

net::Task<void> Flights::ask_then_decide(TokenService& service, Question question) {
  const auto& session = *question.presented.session;
  auto decision =
      co_await service.decide_now(session, *question.presented.grant,
                                  {question.resource, question.action, question.method, question.path, question.host});
  if (decision.allowed() || session.ended()) co_return;
  const auto [from, to] = by_session_.equal_range(&session);
  const auto still = std::find_if(from, to, [&](const auto& one) { return one.second->number == question.number; });
  if (still != to) still->second->cut_for(std::move(decision));
}

LiveFlights::LiveFlights(TokenService& service, const std::vector<net::Loop*>& loops) : service_(service) {
  for (auto* loop : loops) on_loop_.try_emplace(loop);
}

Flights& LiveFlights::here() { return on_loop_.at(net::Loop::current()).flights; }

void LiveFlights::session_ended(const std::shared_ptr<Session>& session) {
  for (auto& [loop, own] : on_loop_)
    loop->post([this, session, &flights = own.flights] {
      net::spawn(flights.session_ended(session, service_.snapshot(), service_.parts().clock.now()));
    });
}

void LiveFlights::rights_changed() {
  for (auto& [loop, own] : on_loop_)
    if (!own.asked_to_decide.exchange(true)) loop->post([this, &own] { net::spawn(decide_again(own)); });
}

net::Task<void> LiveFlights::decide_again(OnLoop& own) {
  co_await net::Loop::current()->sleep(kDecideAgainAfter);
  own.asked_to_decide.store(false);  // before looking: what changes from here on asks anew
  if (!own.flights.empty()) own.flights.decide_again(service_, service_.parts().clock.now());
}

}  // namespace watchword::access
