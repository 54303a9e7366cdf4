#include "gateway/flights.h"

#include <algorithm>
#include <string>
#include <utility>

#include "access/session.h"
#include "net/loop.h"

namespace watchword::gateway {

Status Flight::pass(std::uint64_t& count, std::uint64_t bytes) {
  if (Status left = lease.pass(bytes); !left) {
    if (!cut) cut.emplace().refusal = left.error();
    upstream.fire();
    return left;
  }
  count += bytes;
  return {};
}

// Towards both sides: the upstream sees its connection closed, the client its response cut short. While no response has
// begun, the forwarding coroutine answers with the reason instead. Neither resumes it here: it runs later on this loop.
void Flights::cut(Flight& flight, access::Decision why) {
  if (flight.cut) return;
  flight.cut = std::move(why);
  flight.upstream.fire();
  if (flight.reply.begun()) flight.reply.abort();
}

net::Task<void> Flights::session_ended(std::shared_ptr<const access::Session> session, access::Snapshot snapshot,
                                       Time now) {
  if (!by_session_.contains(session.get())) co_return;
  // None for what a person ended: that is an emergency.
  const auto grace = session->ended() == access::SessionEnd::revoked ? Duration::zero() : session->limits().drain;
  if (grace > Duration::zero())
    co_await net::Loop::current()->sleep(std::chrono::duration_cast<net::Steady::duration>(grace));
  const auto [from, to] = by_session_.equal_range(session.get());
  for (auto place = from; place != to; ++place) {
    auto& flight = *place->second;
    auto decision = access::decide(snapshot, *session, *flight.presented.grant, flight.asked(), now);
    if (!decision.allowed()) cut(flight, std::move(decision));
  }
}

// What the door is asked about a flight that may be over by the time of the answer.
struct Flights::Question {
  access::TokenService::Presented presented;
  std::uint64_t number;
  std::string resource, action, method, path, host;
};

void Flights::decide_again(access::TokenService& service, Time now) {
  const auto snapshot = service.snapshot();
  for (const auto& [session, flight] : by_session_) {
    if (session->ended() || flight->cut) continue;  // session_ended comes for the former, with its grace
    auto decision = access::decide(snapshot, *session, *flight->presented.grant, flight->asked(), now);
    if (decision.lacks_facts())
      net::spawn(ask_then_decide(service, {flight->presented, flight->number, std::string(flight->resource),
                                           std::string(flight->action), flight->method, flight->path, flight->host}));
    else if (!decision.allowed())
      cut(*flight, std::move(decision));
  }
}

net::Task<void> Flights::ask_then_decide(access::TokenService& service, Question question) {
  const auto& session = *question.presented.session;
  auto decision =
      co_await service.decide_now(session, *question.presented.grant,
                                  {question.resource, question.action, question.method, question.path, question.host});
  if (decision.allowed() || session.ended()) co_return;
  const auto [from, to] = by_session_.equal_range(&session);
  const auto still = std::find_if(from, to, [&](const auto& one) { return one.second->number == question.number; });
  if (still != to) cut(*still->second, std::move(decision));
}

}  // namespace watchword::gateway
