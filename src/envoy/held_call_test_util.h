// A call of Envoy's that its side holds open, for the tests of ext_proc.
#pragma once

#include <gtest/gtest.h>

#include <condition_variable>
#include <deque>
#include <mutex>

#include "http/grpc.h"
#include "http/handler.h"
#include "net/loop.h"
#include "proto/ext_proc.pb.h"

namespace watchword::testing {

// From the test's thread; the handler runs on `loop`. The end of the call is waited for by the destructor.
class HeldCall {
 public:
  HeldCall(net::Loop& loop, http::Handler& handler, http::Headers metadata)
      : loop_(loop), request_{"POST", "http", "watchword", std::string(kPath), std::move(metadata)} {
    request_.headers.add("content-type", "application/grpc");
    loop_.post([this, &handler] { net::spawn(run(handler)); });
  }
  HeldCall(const HeldCall&) = delete;
  HeldCall& operator=(const HeldCall&) = delete;
  ~HeldCall() {
    wait([&] { return done_; });
    // What was posted before has been run then, and so has the end of run().
    bool settled = false;
    loop_.post([&] {
      std::lock_guard lock(mutex_);
      settled = true;
      changed_.notify_all();
    });
    wait([&] { return settled; });
  }

  void say(const google::protobuf::MessageLite& message) { say_frame(http::grpc_frame(message.SerializeAsString())); }
  void say_frame(std::string frame) {
    loop_.post([this, text = std::move(frame)]() mutable { body_.add(std::move(text)); });
  }
  void close() { say_frame({}); }  // Envoy's side of the call
  void reset() {
    loop_.post([this] { body_.gone = true, body_.wake(); });
  }
  // The next message; an empty one at the end of the call.
  wire::ProcessingResponse answer() {
    wait([&] { return !answers_.empty() || done_; });
    std::lock_guard lock(mutex_);
    wire::ProcessingResponse response;
    if (answers_.empty()) return response;
    EXPECT_TRUE(response.ParseFromString(answers_.front()));
    answers_.pop_front();
    return response;
  }
  // Once the call has ended: its grpc-status and grpc-message, "7 watchword:session_ended".
  std::string status() {
    wait([&] { return done_; });
    return status_;
  }

  static constexpr std::string_view kPath = "/envoy.service.ext_proc.v3.ExternalProcessor/Process";

 private:
  struct Body final : http::Body {
    auto wait() {
      struct Waiting {
        Body& body;
        bool await_ready() const { return false; }
        void await_suspend(std::coroutine_handle<> handle) const { body.waiter = handle; }
        void await_resume() const {}
      };
      return Waiting{*this};
    }
    net::Task<Result<std::string_view>> next() override {
      while (pieces.empty() && !gone) co_await wait();
      if (gone) co_return fail(Reason::connection_closed, "the stream was reset");
      shown = std::move(pieces.front());
      pieces.pop_front();
      co_return std::string_view(shown);
    }
    std::optional<std::uint64_t> length() const override { return std::nullopt; }
    const http::Headers& trailers() const override { return none; }
    void add(std::string piece) {
      pieces.push_back(std::move(piece));
      wake();
    }
    void wake() {
      if (waiter) std::exchange(waiter, nullptr).resume();
    }

    std::coroutine_handle<> waiter;
    std::deque<std::string> pieces;
    std::string shown;
    bool gone = false;
    http::Headers none;
  };

  struct Writer final : http::Writer {
    explicit Writer(HeldCall& its_call) : call(its_call) {}
    net::Task<Status> begin(http::ResponseHead head) override {
      EXPECT_FALSE(started);
      started = true;
      call.note_status(head.headers);
      co_return Status{};
    }
    net::Task<Status> write(std::string_view piece) override {
      messages.feed(piece);
      for (auto message = messages.next().value(); message; message = messages.next().value()) call.add(*message);
      co_return Status{};
    }
    net::Task<Status> end(http::Headers trailers) override {
      call.note_status(trailers);
      co_return Status{};
    }
    net::Task<Status> send(http::ResponseHead head, std::string_view) override { co_return co_await begin(head); }
    bool begun() const override { return started; }
    void abort() override { call.status_ = "aborted"; }
    HeldCall& call;
    http::GrpcMessages messages{1 << 20};
    bool started = false;
  };

  net::Task<void> run(http::Handler& handler) {
    http::Exchange exchange{request_, body_, writer_, peer_};
    co_await handler.handle(exchange);
    body_.gone = true;
    body_.wake();
    std::lock_guard lock(mutex_);
    done_ = true;
    changed_.notify_all();
  }
  void note_status(const http::Headers& headers) {
    const auto* code = headers.find("grpc-status");
    if (code == nullptr) return;
    const auto* message = headers.find("grpc-message");
    status_ = *code + (message != nullptr ? " " + *message : "");
  }
  void add(std::string message) {
    std::lock_guard lock(mutex_);
    answers_.push_back(std::move(message));
    changed_.notify_all();
  }
  void wait(const std::function<bool()>& until) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, until);
  }

  net::Loop& loop_;
  http::RequestHead request_;
  net::Peer peer_;
  Body body_;
  Writer writer_{*this};
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::string> answers_;
  std::string status_;
  bool done_ = false;
};

}  // namespace watchword::testing
