#include "job/held_body.h"

#include <algorithm>
#include <utility>

#include "job/local_forward.h"

namespace watchword::job {

class HeldBody::Attempt final : public http::Body {
 public:
  Attempt(std::shared_ptr<State> state, unsigned number) : state_(std::move(state)), number_(number) {}

  net::Task<Result<std::string_view>> next() override { return HeldBody::next(state_, number_, passed_); }
  bool ready() const override {
    const auto& state = *state_;
    const bool at_hand = *passed_ < state.kept.size() || state.piece || state.ended || state.error;
    return at_hand || (!state.taking && state.from.ready());
  }
  std::optional<std::uint64_t> length() const override { return state_->from.length(); }
  const http::Headers& trailers() const override { return state_->trailers; }

 private:
  std::shared_ptr<State> state_;
  unsigned number_;
  std::shared_ptr<std::size_t> passed_ = std::make_shared<std::size_t>(0);  // of what is kept
};

// Waits until a piece that was asked for by an earlier attempt is there.
struct HeldBody::Taken {
  State& state;
  bool await_ready() const { return !state.taking; }
  void await_suspend(std::coroutine_handle<> waiter) const { state.waiting = waiter; }
  void await_resume() const {}
};

HeldBody::HeldBody(http::Body& from) : state_(std::make_shared<State>(from)) {
  state_->kept.reserve(static_cast<std::size_t>(std::min<std::uint64_t>(from.length().value_or(kMost), kMost)));
}

http::Body& HeldBody::attempt() {
  attempt_ = std::make_unique<Attempt>(state_, ++state_->attempts);
  return *attempt_;
}

bool HeldBody::small() const {
  const auto length = state_->from.length();
  return length && *length <= kMost;
}

net::Task<Result<std::string_view>> HeldBody::next(std::shared_ptr<State> state, unsigned number,
                                                   std::shared_ptr<std::size_t> passed) {
  while (number == state->attempts) {
    if (*passed < state->kept.size()) {
      const auto rest = std::string_view(state->kept).substr(*passed);
      *passed += rest.size();
      co_return rest;
    }
    if (state->piece) co_return *std::exchange(state->piece, std::nullopt);
    if (state->error) co_return std::unexpected(*state->error);
    if (state->ended) co_return std::string_view();
    if (state->taking)
      co_await Taken{*state};
    else
      co_await take(*state);
  }
  co_return fail(Reason::connection_closed, "the request is sent anew");
}

net::Task<void> HeldBody::take(State& state) {
  state.taking = true;
  const auto piece = co_await state.from.next();
  state.taking = false;
  if (!piece) {
    state.error = piece.error();
  } else if (piece->empty()) {
    state.ended = true;
    state.trailers = state.from.trailers();
    trailers_to_gate(state.trailers);
  } else if (state.keeping && state.kept.size() + piece->size() <= state.kept.capacity()) {
    state.kept += *piece;
  } else {
    state.keeping = false;
    state.piece = *piece;
  }
  if (const auto waiting = std::exchange(state.waiting, nullptr)) waiting.resume();
}

}  // namespace watchword::job
