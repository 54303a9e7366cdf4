// An event loop: one thread, many connections. Everything that belongs to a connection runs on its loop, without locks.
#pragma once

#include <chrono>
#include <coroutine>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "net/task.h"

namespace watchword::net {

using Steady = std::chrono::steady_clock;

class Resolver;  // net/resolver.h

class Loop {
 public:
  explicit Loop(std::shared_ptr<Resolver> names = nullptr);  // null: one of its own, by the system's configuration
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  void run();                                       // until stop(); the calling thread becomes the loop's
  void stop();                                      // any thread
  void abandon();                                   // not while it runs: tasks that still wait end where they are
  void post(std::move_only_function<void()> work);  // any thread; runs on the loop
  static Loop* current();                           // the loop whose thread this is, or null

  Task<void> sleep(Steady::duration time);  // on the loop

  struct Impl;  // Asio stays behind this; only net/ looks inside
  Impl& impl() { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

// `count` loops, each on its own thread, named ww-loop-N. They share `names`, which ends with them; null: one by the
// system's configuration.
class LoopPool {
 public:
  explicit LoopPool(unsigned count, std::shared_ptr<Resolver> names = nullptr);
  ~LoopPool();
  std::vector<Loop*> loops() const;
  void stop();  // joins, and abandons what still waits; not from one of the loops

 private:
  std::shared_ptr<Resolver> names_;
  std::vector<std::unique_ptr<Loop>> loops_;
  std::vector<std::thread> threads_;
};

// A value that another thread delivers once. The awaiting coroutine goes on on the loop where it waited.
// Sender and receiver share it by shared_ptr, so that either may go first.
template <class T>
class Delivery {
 public:
  void deliver(T value) {  // any thread, once
    std::coroutine_handle<> waiter;
    Loop* loop = nullptr;
    {
      std::lock_guard lock(mutex_);
      value_.emplace(std::move(value));
      waiter = waiter_;
      loop = loop_;
    }
    if (waiter) loop->post([waiter] { waiter.resume(); });
  }

  bool await_ready() {
    std::lock_guard lock(mutex_);
    return value_.has_value();
  }
  bool await_suspend(std::coroutine_handle<> waiter) {
    std::lock_guard lock(mutex_);
    if (value_) return false;
    waiter_ = waiter;
    loop_ = Loop::current();
    return true;
  }
  T await_resume() { return std::move(*value_); }

 private:
  std::mutex mutex_;
  std::optional<T> value_;
  std::coroutine_handle<> waiter_;
  Loop* loop_ = nullptr;
};

// Runs `task` to its end from a thread that has no loop (tests, the CLI): makes a loop, runs it, returns the value.
template <class T>
T run_blocking(Task<T> task) {
  Loop loop;
  std::optional<T> result;
  auto wrapper = [](Loop& l, Task<T> t, std::optional<T>& out) -> Task<void> {
    out.emplace(co_await t);
    l.stop();
  };
  loop.post([&] { spawn(wrapper(loop, std::move(task), result)); });
  loop.run();
  return std::move(*result);
}

}  // namespace watchword::net
