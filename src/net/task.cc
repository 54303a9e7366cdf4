// spawn: the root of a chain of tasks. A loop knows its roots, so that what still waits when the loop ends is freed.
#include "net/task.h"

#include <array>
#include <list>
#include <vector>

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

constexpr std::size_t kStep = 128;   // frames are recycled by size, rounded up to this
constexpr std::size_t kSizes = 128;  // up to 16 KiB
constexpr std::size_t kKept = 128;   // of each size

struct Frames {
  Frames() = default;
  Frames(const Frames&) = delete;
  Frames& operator=(const Frames&) = delete;
  ~Frames() {
    for (auto& frames : free)
      for (void* frame : frames) ::operator delete(frame);
  }
  std::array<std::vector<void*>, kSizes + 1> free;
};

thread_local Frames frames_of_thread;

std::size_t size_class(std::size_t size) { return (size + kStep - 1) / kStep; }

#if defined(__has_feature)
constexpr bool kRecycle = !(__has_feature(address_sanitizer) || __has_feature(thread_sanitizer));
#else
constexpr bool kRecycle = true;
#endif

}  // namespace

void* detail::allocate_frame(std::size_t size) {
  const std::size_t index = size_class(size);
  if (!kRecycle || index > kSizes) return ::operator new(size);
  auto& free = frames_of_thread.free[index];
  if (free.empty()) return ::operator new(index * kStep);
  void* frame = free.back();
  free.pop_back();
  return frame;
}

void detail::free_frame(void* frame, std::size_t size) noexcept {
  const std::size_t index = size_class(size);
  if (kRecycle && index <= kSizes) {
    auto& free = frames_of_thread.free[index];
    if (free.capacity() == 0) free.reserve(kKept);
    if (free.size() < kKept) return free.push_back(frame);
  }
  ::operator delete(frame);
}

void spawn(Task<void> task) { run(std::move(task)); }

}  // namespace watchword::net
