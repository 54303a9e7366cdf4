#include "envoy/ext_proc.h"

#include <coroutine>
#include <optional>
#include <utility>

#include "envoy/check_door.h"
#include "envoy/ext_proc_message.h"
#include "envoy/grpc_call.h"
#include "http/grpc_stream.h"

namespace watchword::envoy {
namespace {

// Where one coroutine waits for the next thing to happen. On one loop.
class Bell {
 public:
  void ring() {
    if (std::exchange(rung_, true) || !waiter_) return;
    if (auto* loop = net::Loop::current()) loop->post([waiter = std::exchange(waiter_, nullptr)] { waiter.resume(); });
  }
  bool await_ready() const { return rung_; }
  void await_suspend(std::coroutine_handle<> waiter) { waiter_ = waiter; }
  void await_resume() { rung_ = false; }

 private:
  std::coroutine_handle<> waiter_;
  bool rung_ = false;
};

// What Envoy says on a held call. Shared, as the reader may return after the coroutine that answers it.
struct Heard {
  explicit Heard(http::Exchange& exchange) : call(exchange, kMaxCheckRequest) {}
  http::GrpcStream call;
  Bell bell;
  bool trailers = false;        // it asks about them, and waits for the answer
  bool over = false;            // it has ended the call: the request is over
  std::optional<Error> broken;  // it is gone, or says what was not asked for
};

class HeldFlight final : public access::Flight {
 public:
  HeldFlight(std::uint64_t its_number, const Passage& passage, Asker its_asker,
             const access::TokenService::Presented& its_presented, Bell& bell)
      : Flight(its_number, its_presented, passage.resource, passage.action, std::move(its_asker)), bell_(bell) {}

 private:
  void stop() override { bell_.ring(); }
  Bell& bell_;
};

// A request that runs, with no more than it takes to end it: there may be tens of thousands.
struct Held {
  Held(Passage& passage, access::Flights& flights, std::shared_ptr<Heard> its_heard, Client its_client)
      : heard(std::move(its_heard)),
        presented(passage.presented),
        policy(passage.policy),
        record(passage.entry.id),
        client(its_client),
        flight(flights.next_number(), passage, std::move(passage.asker), presented, heard->bell),
        listed(flights, flight) {
    flight.lease = std::move(passage.lease);
  }

  const std::shared_ptr<Heard> heard;
  const access::TokenService::Presented presented;
  const std::shared_ptr<const policy::Policy> policy;  // whose resource and action the flight names
  const std::string record;
  const Client client;
  HeldFlight flight;
  const access::Flights::Listed listed;
};

net::Task<void> listen(std::shared_ptr<Heard> heard) {
  bool asked = false;
  while (true) {
    const auto message = co_await heard->call.next();
    if (!message) {
      heard->broken = message.error();
    } else if (!*message) {
      heard->over = true;
    } else if (!std::exchange(asked, true) && read_later(**message) == LaterMessage::response_trailers) {
      heard->trailers = true;
    } else {
      heard->broken =
          Error{Reason::request_invalid, "a message that was not asked for", "response_trailers alone", {}, {}};
    }
    heard->bell.ring();
    if (heard->over || heard->broken) co_return;
  }
}

class ExtProcImpl final : public ExtProc {
 public:
  ExtProcImpl(access::TokenService& service, access::Assertions& assertions, access::LiveFlights& flights,
              access::RequestRecords records)
      : door_(service, assertions, records),
        flights_(flights),
        cut_(service.parts().metrics.counter("watchword_envoy_requests_cut",
                                             "Requests through Envoy ended in the middle, as their right ended")) {}

  net::Task<void> handle(http::Exchange& exchange) override {
    const auto& request = exchange.request;
    if (!calls(request, kProcess)) co_return co_await answer_no_call(exchange, kProcess);
    auto held = co_await open(exchange);
    if (held) co_await hold(*held);
  }

 private:
  // Null: it is answered, and ended.
  net::Task<std::unique_ptr<Held>> open(http::Exchange& exchange) {
    auto heard = std::make_shared<Heard>(exchange);
    auto asked = co_await read(exchange, heard->call);
    if (!asked) {
      door_.failed();
      co_await fail_call(heard->call, asked.error());
      co_return nullptr;
    }
    exchange.request.headers.clear();
    const auto client = client_of(asked->request);
    auto passage = co_await door_.decide(*std::move(asked), {.ends = true, .sets_target = true});
    if (!passage) {
      co_await refuse(heard->call, passage.error(), client);
      co_return nullptr;
    }
    // From here on whatever ends the right ends the request, also while its record is written.
    auto held = std::make_unique<Held>(*passage, flights_.here(), heard, client);
    const auto allowed = co_await door_.let_through(*passage);
    if (!allowed) {
      co_await refuse(heard->call, allowed.error(), client);
      co_return nullptr;
    }
    if (held->flight.cut) {
      co_await cut(*held);
      co_return nullptr;
    }
    if (!co_await heard->call.send(pass_headers(*allowed))) co_return nullptr;
    co_return held;
  }

  static net::Task<Result<CheckRequest>> read(http::Exchange& exchange, http::GrpcStream& call) {
    const auto& metadata = exchange.request.headers;
    if (metadata.count(kResourceMetadata) > 1)
      co_return fail(Reason::request_invalid, "two resources", "one " + std::string(kResourceMetadata));
    const auto* resource = metadata.find(kResourceMetadata);
    WW_CO_TRY(const auto message, co_await call.next());
    if (!message) co_return fail(Reason::request_invalid, "a call without message");
    co_return read_request_headers(*message, resource != nullptr ? *resource : std::string_view());
  }

  // Until Envoy ends the call, or the right ends. The call never ends with OK before Envoy has ended it: Envoy would
  // take that for "go on, without me".
  net::Task<void> hold(Held& held) {
    auto& heard = *held.heard;
    net::spawn(listen(held.heard));
    while (true) {
      co_await heard.bell;
      if (heard.over) {
        static_cast<void>(co_await heard.call.finish(http::GrpcCode::ok));
        co_return;
      }
      if (held.flight.cut) co_return co_await cut(held);
      if (heard.broken) co_return co_await fail_call(heard.call, *heard.broken);
      if (std::exchange(heard.trailers, false) && !co_await heard.call.send(pass_trailers())) co_return;
    }
  }

  net::Task<void> cut(Held& held) {
    cut_.add();
    const auto refusal = door_.door().refuse_cut(held.flight, held.record, Json::object({{"via", "envoy"}}));
    co_await end(held.heard->call, refusal, held.client);
  }

  net::Task<void> refuse(http::GrpcStream& call, const Refused& refused, Client client) {
    if (refused.error) co_return co_await fail_call(call, refused.refusal.error);
    co_await end(call, refused.refusal, client);
  }

  // Twice: should Envoy not take the answer, it takes the call's status for a failure, and fails closed.
  net::Task<void> end(http::GrpcStream& call, const access::Refusal& refusal, Client client) {
    const auto reply = door_.client_reply(refusal, client);
    if (!co_await call.send(end_with(refusal, reply, client.speaks))) co_return;
    static_cast<void>(co_await call.finish(http::GrpcCode::permission_denied,
                                           "watchword:" + std::string(name(refusal.error.reason))));
  }

  // No answer, which Envoy must not take for a denial: it says status_on_error.
  static net::Task<void> fail_call(http::GrpcStream& call, const Error& error) {
    auto code = http::grpc_code(error.reason);
    if (code == http::GrpcCode::ok) code = http::GrpcCode::internal;
    static_cast<void>(co_await call.finish(code, name(error.reason)));
  }

  CheckDoor door_;
  access::LiveFlights& flights_;
  Counter& cut_;
};

}  // namespace

std::unique_ptr<ExtProc> ExtProc::make(access::TokenService& service, access::Assertions& assertions,
                                       access::LiveFlights& flights, access::RequestRecords records) {
  return std::make_unique<ExtProcImpl>(service, assertions, flights, records);
}

}  // namespace watchword::envoy
