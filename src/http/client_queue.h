// Those who wait for something of which there is not enough, in turn. Internal to the client.
#pragma once

#include <coroutine>
#include <deque>
#include <memory>
#include <optional>

#include "net/loop.h"

namespace watchword::http {

// Used on one loop. It must not go while somebody waits.
template <class T>
class WaitQueue {
 public:
  explicit WaitQueue(net::Steady::duration at_most) : state_(std::make_shared<State>(at_most)) {}

  bool empty() const { return state_->waiting.empty(); }
  // Awaitable: what was granted, or nullopt after the time.
  auto wait() { return Waiter(*state_); }

  // To the longest waiting; there must be one. It goes on later, as grants come from destructors and from the middle of
  // other requests.
  void grant(T value) {
    state_->waiting.front()->granted.emplace(std::move(value));
    state_->wake_first();
  }

 private:
  struct Waiter;
  struct State : std::enable_shared_from_this<State> {
    explicit State(net::Steady::duration time) : at_most(time) {}
    const net::Steady::duration at_most;
    std::deque<Waiter*> waiting;  // the longest waiting first
    bool expiring = false;        // expire runs

    void wake_first() {
      Waiter& waiter = *waiting.front();
      waiting.pop_front();
      if (net::Loop* loop = net::Loop::current()) loop->post([handle = waiter.handle] { handle.resume(); });
      waiter.handle = nullptr;
    }
  };

  struct Waiter {
    explicit Waiter(State& its_state) : state(its_state) {}
    Waiter(const Waiter&) = delete;
    Waiter& operator=(const Waiter&) = delete;
    ~Waiter() {
      if (handle) std::erase(state.waiting, this);  // the loop was abandoned
    }

    bool await_ready() const { return false; }
    void await_suspend(std::coroutine_handle<> waiter) {
      handle = waiter;
      deadline = net::Steady::now() + state.at_most;
      state.waiting.push_back(this);
      if (!std::exchange(state.expiring, true)) spawn(expire(state.weak_from_this()));
    }
    std::optional<T> await_resume() { return std::move(granted); }

    State& state;
    net::Steady::time_point deadline{};
    std::optional<T> granted = {};
    std::coroutine_handle<> handle = nullptr;  // while it waits
  };

  // All wait equally long, so the first in the queue is the first to give up.
  static net::Task<void> expire(std::weak_ptr<State> weak) {
    while (true) {
      net::Steady::duration until_next{};
      {
        const auto state = weak.lock();
        if (!state) co_return;
        const auto now = net::Steady::now();
        while (!state->waiting.empty() && state->waiting.front()->deadline <= now) state->wake_first();
        state->expiring = !state->waiting.empty();
        if (!state->expiring) co_return;
        until_next = state->waiting.front()->deadline - now;
      }
      co_await net::Loop::current()->sleep(until_next);
    }
  }

  std::shared_ptr<State> state_;
};

}  // namespace watchword::http
