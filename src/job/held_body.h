// The body of a request to the gate that may have to be sent twice: what was taken of it is kept, as long as that is
// little.
#pragma once

#include <coroutine>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "http/handler.h"

namespace watchword::job {

// On one loop. `from` lives until a next() of it that was awaited has returned; this and its attempts need not.
class HeldBody {
 public:
  static constexpr std::size_t kMost = std::size_t{64} * 1024;

  explicit HeldBody(http::Body& from);
  HeldBody(const HeldBody&) = delete;
  HeldBody& operator=(const HeldBody&) = delete;

  // The body from its beginning, for one request. The attempt before it gets no more; it is not to be used again.
  http::Body& attempt();
  // Another attempt would send all of it.
  bool repeatable() const { return state_->keeping; }
  // It is known to be small enough to stay so.
  bool small() const;
  // There will be no other attempt.
  void let_go() { state_->keeping = false; }

 private:
  struct State {
    explicit State(http::Body& its_from) : from(its_from) {}
    http::Body& from;
    std::string kept;       // its memory stays where it is: views of it are under way
    bool keeping = true;    // all that was taken is in `kept`
    bool taking = false;    // a next() of `from` is awaited
    unsigned attempts = 0;  // the last may read
    std::coroutine_handle<> waiting = nullptr;
    std::optional<std::string_view> piece = {};  // taken, and too much to keep
    bool ended = false;
    std::optional<Error> error = {};
    http::Headers trailers = {};
  };
  class Attempt;
  struct Taken;
  static net::Task<Result<std::string_view>> next(std::shared_ptr<State> state, unsigned number,
                                                  std::shared_ptr<std::size_t> passed);
  static net::Task<void> take(State& state);

  std::shared_ptr<State> state_;
  std::unique_ptr<http::Body> attempt_;
};

}  // namespace watchword::job
