// What the connections of one server share. Internal to the server.
#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <list>
#include <mutex>
#include <string>

#include "http/server.h"

namespace watchword::http {

Headers for_own_answer(const net::Stream& stream);  // of an answer that no handler gave

class H1Connection;
class H2Connection;
class OpeningStream;

struct ServerState {
  ServerState(Server::Options options, Handler& handler);

  bool admit();  // one connection more; false when the server has ended
  void closed();
  void answered(int status);
  void refused(net::Listener::Full full, const std::string& address);  // a connection beyond the limits; any loop
  // Waits until no connection is left, at most so long; from then on none is admitted. True when none is left.
  bool wait_for_end(net::Steady::duration at_most);

  ServerLimits limits;
  Handler& handler;
  std::atomic<bool> draining = false;

 private:
  Gauge* open_connections_ = nullptr;
  std::array<Counter*, 6> requests_{};  // by the first digit of the status
  struct Refused {
    Counter* count = nullptr;
    std::atomic<net::Steady::time_point> told{net::Steady::time_point::min()};
  };
  std::array<Refused, 2> refused_;  // by net::Listener::Full
  std::string name_;
  std::mutex mutex_;
  std::condition_variable emptied_;
  std::size_t open_ = 0;
  bool ended_ = false;
};

// The part of one loop; used on it only.
struct LoopState {
  explicit LoopState(net::Loop* its_loop) : loop(its_loop) {}
  std::string_view date_line();  // "date: ...\r\n" of this second (RFC 9110 6.6.1)
  std::string_view date();       // its value

  net::Loop* loop;
  std::list<H1Connection*> connections;
  std::list<H2Connection*> h2_connections;
  std::list<OpeningStream*> opening;  // of which nothing is known yet
  bool sweeping = false;
  std::string output;  // empty, but its memory is warm: for whichever connection sends next

 private:
  std::string date_line_;
  net::Steady::time_point date_until_{};
};

}  // namespace watchword::http
