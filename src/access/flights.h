// Requests under way, by loop: what has to be cut when the right that let them through ends.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "access/allowance.h"
#include "access/decide.h"
#include "access/token_service.h"
#include "net/task.h"

namespace watchword::access {

// One request that the door let through, from then until its end. What it refers to outlives it.
class Flight {
 public:
  struct Asker {  // its own: the request's head moves on
    std::string method, path, host;
    std::string protocol = {};  // of an upgrade
    auto operator<=>(const Asker&) const = default;
  };
  Flight(std::uint64_t its_number, const TokenService::Presented& its_presented, std::string_view its_resource,
         std::string_view its_action, Asker its_asker)
      : number(its_number),
        presented(its_presented),
        resource(its_resource),
        action(its_action),
        asker(std::move(its_asker)) {}
  Flight(const Flight&) = delete;
  Flight& operator=(const Flight&) = delete;

  Asked asked() const { return {resource, action, asker.method, asker.path, asker.host}; }  // as the door was asked
  // As the door would be asked now: policy may have made another action of the request. Without one there is none.
  // Views into this and the policy.
  Asked asked_now(const policy::Policy& policy) const;
  void cut_for(Decision why);  // the first time counts

  const std::uint64_t number;  // of this loop; no other ever has it
  const TokenService::Presented& presented;
  const std::string_view resource, action;  // of the policy
  const Asker asker;
  std::optional<Decision> cut;  // why it was cut; the coroutine that owns it tells and records it
  Allowance::Lease lease;       // of the session's limits

 protected:
  ~Flight() = default;

 private:
  // Ends what passes, now that `cut` is set. It resumes nobody here: whoever waits runs later on this loop.
  virtual void stop() = 0;
};

// Those of one loop, used on that loop only.
class Flights {
  using BySession = std::unordered_multimap<const Session*, Flight*>;

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
  net::Task<void> session_ended(std::shared_ptr<const Session> session, Snapshot snapshot, Time now);
  // Puts every request to the door again, those that are alike once, and cuts what it refuses now. What the door lacks
  // is asked of the CI system first. docs/decisions/0009 says why it looks at all of them.
  void decide_again(TokenService& service, Time now);
  bool empty() const { return by_session_.empty(); }
  std::uint64_t next_number() { return ++last_number_; }

 private:
  struct Question;
  void decide_again(TokenService& service, const Snapshot& snapshot, const Session& session,
                    const std::vector<Flight*>& alike, Time now);
  net::Task<void> ask_then_decide(TokenService& service, Question question);
  BySession by_session_;
  std::uint64_t last_number_ = 0;
};

// Those of all loops. Ends of sessions and changes of rights reach each on its own loop. Outlives the loops' last work.
class LiveFlights final : public RightsWatcher {
 public:
  LiveFlights(TokenService& service, const std::vector<net::Loop*>& loops);
  Flights& here();  // of the calling loop, one of those given
  void session_ended(const std::shared_ptr<Session>& session) override;
  void rights_changed() override;

 private:
  struct OnLoop {
    Flights flights;
    std::atomic<bool> asked_to_decide{false};  // any thread: decide_again() is on its way
  };
  net::Task<void> decide_again(OnLoop& own);

  TokenService& service_;
  std::unordered_map<net::Loop*, OnLoop> on_loop_;
};

}  // namespace watchword::access
