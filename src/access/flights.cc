#include "access/flights.h"

#include <map>
#include <string>
#include <tuple>
#include <unordered_set>
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

// What the door is asked about flights that may be over by the time of the answer.
struct Flights::Question {
  TokenService::Presented presented;
  std::vector<std::uint64_t> numbers;
  std::string resource, action;
  Flight::Asker asker;
};

namespace {

// All that a decision depends on beside the session. Views into the flight.
using Asks = std::tuple<const Grant*, std::string_view, std::string_view, const Flight::Asker&>;

Asks asks_of(const Flight& flight) {
  return {flight.presented.grant.get(), flight.resource, flight.action, flight.asker};
}

}  // namespace

void Flights::decide_again(TokenService& service, Time now) {
  const auto snapshot = service.snapshot();
  std::map<Asks, std::vector<Flight*>> alike;
  for (auto place = by_session_.begin(); place != by_session_.end();) {
    const auto& session = *place->first;
    const auto [from, to] = by_session_.equal_range(place->first);
    place = to;
    if (session.ended()) continue;  // session_ended comes for them, with its grace
    alike.clear();
    for (auto one = from; one != to; ++one)
      if (!one->second->cut) alike[asks_of(*one->second)].push_back(one->second);
    for (const auto& [asks, flights] : alike) decide_again(service, snapshot, session, flights, now);
  }
}

void Flights::decide_again(TokenService& service, const Snapshot& snapshot, const Session& session,
                           const std::vector<Flight*>& alike, Time now) {
  const auto& first = *alike.front();
  const auto asked = first.asked_now(*snapshot.policy);
  const auto decision = decide(snapshot, session, *first.presented.grant, asked, now);
  if (decision.lacks_facts()) {
    Question question{first.presented, {}, std::string(first.resource), std::string(asked.action), first.asker};
    for (const auto* flight : alike) question.numbers.push_back(flight->number);
    net::spawn(ask_then_decide(service, std::move(question)));
  } else if (!decision.allowed()) {
    for (auto* flight : alike) flight->cut_for(decision);
  }
}

net::Task<void> Flights::ask_then_decide(TokenService& service, Question question) {
  const auto& session = *question.presented.session;
  const auto& asker = question.asker;
  auto decision = co_await service.decide_now(
      session, *question.presented.grant, {question.resource, question.action, asker.method, asker.path, asker.host});
  if (decision.allowed() || session.ended()) co_return;
  const std::unordered_set<std::uint64_t> numbers(question.numbers.begin(), question.numbers.end());
  const auto [from, to] = by_session_.equal_range(&session);
  for (auto place = from; place != to; ++place)
    if (numbers.contains(place->second->number)) place->second->cut_for(decision);
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
