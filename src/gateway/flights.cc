#include "gateway/flights.h"

#include <utility>

#include "access/session.h"
#include "net/loop.h"

namespace watchword::gateway {

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
  if (const auto grace = session->limits().drain; grace > Duration::zero())
    co_await net::Loop::current()->sleep(std::chrono::duration_cast<net::Steady::duration>(grace));
  const auto [from, to] = by_session_.equal_range(session.get());
  for (auto place = from; place != to; ++place) {
    auto& flight = *place->second;
    auto decision = access::decide(snapshot, *session, *flight.presented.grant, flight.asked, now);
    if (!decision.allowed()) cut(flight, std::move(decision));
  }
}

void Flights::decide_again(const access::Snapshot& snapshot, Time now) {
  for (const auto& [session, flight] : by_session_) {
    if (session->ended()) continue;  // session_ended comes for it, with its grace
    auto decision = access::decide(snapshot, *session, *flight->presented.grant, flight->asked, now);
    if (!decision.allowed()) cut(*flight, std::move(decision));
  }
}

}  // namespace watchword::gateway
