#include "net/loop.h"

#include <pthread.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <string>

#include "net/loop_impl.h"

namespace watchword::net {

namespace {

thread_local Loop* current_loop = nullptr;

// What a caller posts may run, and end the loop, before post() itself has returned. The destructor waits for it.
class Caller {
 public:
  explicit Caller(std::atomic<int>& callers) : callers_(callers) { callers_.fetch_add(1, std::memory_order_acquire); }
  Caller(const Caller&) = delete;
  Caller& operator=(const Caller&) = delete;
  ~Caller() { callers_.fetch_sub(1, std::memory_order_release); }

 private:
  std::atomic<int>& callers_;
};

struct Sleep {
  Timer timer;

  bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<> waiter) {
    timer.async_wait([waiter](const error_code&) { waiter.resume(); });
  }
  void await_resume() const {}
};

}  // namespace

Loop::Loop(std::shared_ptr<Resolver> names) : impl_(std::make_unique<Impl>()) {
  impl_->resolver = names ? std::move(names) : Resolver::make({});
}

void Loop::abandon() {
  Loop* before = std::exchange(current_loop, this);
  while (!impl_->roots.empty()) impl_->roots.front().destroy();
  current_loop = before;
}

Loop::~Loop() {
  abandon();
  impl_->resolver->stop();  // it posts to this loop
  while (impl_->callers.load(std::memory_order_acquire) != 0) std::this_thread::yield();
}

void Loop::run() {
  Loop* before = std::exchange(current_loop, this);
  const auto work = asio::make_work_guard(impl_->context);
  impl_->context.run();
  current_loop = before;
}

void Loop::stop() {
  const Caller caller(impl_->callers);
  impl_->context.stop();
}

void Loop::post(std::move_only_function<void()> work) {
  const Caller caller(impl_->callers);
  asio::post(impl_->context, std::move(work));
}

Loop* Loop::current() { return current_loop; }

Task<void> Loop::sleep(Steady::duration time) { co_await Sleep{Timer(impl_->context, time)}; }

LoopPool::LoopPool(unsigned count, std::shared_ptr<Resolver> names)
    : names_(names ? std::move(names) : Resolver::make({})) {
  for (unsigned i = 0; i < count; ++i) {
    Loop& loop = *loops_.emplace_back(std::make_unique<Loop>(names_));
    threads_.emplace_back([&loop, name = "ww-loop-" + std::to_string(i)] {
      pthread_setname_np(pthread_self(), name.c_str());
      loop.run();
    });
  }
}

LoopPool::~LoopPool() { stop(); }

std::vector<Loop*> LoopPool::loops() const {
  std::vector<Loop*> all;
  for (const auto& loop : loops_) all.push_back(loop.get());
  return all;
}

void LoopPool::stop() {
  for (const auto& loop : loops_) loop->stop();
  for (std::thread& thread : threads_)
    if (thread.joinable()) thread.join();
  names_->stop();
  for (const auto& loop : loops_) loop->abandon();
}

}  // namespace watchword::net
