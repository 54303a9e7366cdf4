// Requests under way, by loop: what has to be cut when the right that let them through ends. One instance per loop,
// used on that loop only.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "access/decide.h"
#include "access/token_service.h"
#include "http/abort.h"
#include "http/handler.h"
#include "net/task.h"

namespace watchword::gateway {

// One request that the door let through, from then until its end. What it refers to outlives it.
struct Flight {
  std::uint64_t number;  // of this loop; no other ever has it
  const access::TokenService::Presented& presented;
  std::string_view resource, action;  // of the policy
  std::string method, path, host;     // its own: the request's head moves on to the upstream
  http::Writer& reply;
  http::Abort upstream{};
  std::uint64_t bytes_up = 0, bytes_down = 0;  // of bodies, so far
  std::optional<access::Decision> cut{};       // why it was cut; the forwarding coroutine tells and records it
  access::Allowance::Lease lease{};            // of the session's limits

  // Before bytes pass on: adds them to bytes_up or bytes_down. An error: they must not pass, and the flight is cut.
  Status pass(std::uint64_t& count, std::uint64_t bytes);

  access::Asked asked() const { return {resource, action, method, path, host}; }  // as the door was asked
};

class Flights {
  using BySession = std::unordered_multimap<const access::Session*, Flight*>;

 public:
  class Listed {  // until destroyed
   public:
    Listed(Flights& flights, Flight& flight)
        : flights_(flights), place_(flights.by_session_.emplace(flight.presented.session.get(), &flight)) {}
    Listed(const Listed&) = delete;
    Listed& operator=(const Listed&) = delete;
    ~Listed() { flights_.by_session_.erase(place_); }

   private:
    Flights& flights_;
    BySession::iterator place_;
  };

  // Cuts the requests of a session that has ended, after the time that its policy gives them to end by themselves.
  net::Task<void> session_ended(std::shared_ptr<const access::Session> session, access::Snapshot snapshot, Time now);
  // Puts every request to the door again and cuts those that it refuses now. What the door lacks is asked of the CI
  // system first.
  void decide_again(access::TokenService& service, Time now);
  bool empty() const { return by_session_.empty(); }
  std::uint64_t next_number() { return ++last_number_; }

 private:
  static void cut(Flight& flight, access::Decision why);
  struct Question;
  net::Task<void> ask_then_decide(access::TokenService& service, Question question);
  BySession by_session_;
  std::uint64_t last_number_ = 0;
};

}  // namespace watchword::gateway
