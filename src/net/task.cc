// spawn: the root of a chain of tasks. A loop knows its roots, so that what still waits when the loop ends is freed.
#include "net/task.h"

#include <list>

#include "net/loop.h"
#include "net/loop_impl.h"

namespace watchword::net {

namespace {

struct Root {
  struct promise_type {
    explicit promise_type(Task<void>&) {
      if (Loop* loop = Loop::current()) {
        roots = &loop->impl().roots;
        place = roots->insert(roots->end(), std::coroutine_handle<promise_type>::from_promise(*this));
      }
    }
    promise_type(const promise_type&) = delete;
    promise_type& operator=(const promise_type&) = delete;
    ~promise_type() {
      if (roots != nullptr) roots->erase(place);
    }
    Root get_return_object() { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() noexcept {}
    [[noreturn]] void unhandled_exception() noexcept { std::terminate(); }

    std::list<std::coroutine_handle<>>* roots = nullptr;
    std::list<std::coroutine_handle<>>::iterator place;
  };
};

Root run(Task<void> task) { co_await task; }

}  // namespace

void spawn(Task<void> task) { run(std::move(task)); }

}  // namespace watchword::net
