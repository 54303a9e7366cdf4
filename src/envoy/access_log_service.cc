#include "envoy/access_log_service.h"

#include <algorithm>
#include <atomic>
#include <list>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/log.h"
#include "envoy/access_log_entry.h"
#include "envoy/grpc_call.h"
#include "http/grpc_stream.h"
#include "net/loop.h"

namespace watchword::envoy {
namespace {

constexpr std::size_t kBatch = 256;  // entries in one write
constexpr auto kPause = std::chrono::milliseconds(200);

// A stream that stop() may end.
struct Open {
  http::Writer* reply;  // null once it is over; on its loop only
  net::Loop* loop;
};

bool may_pass(Reason reason) { return reason == Reason::backlog_full || reason == Reason::store_unavailable; }

class AccessLogServiceImpl final : public AccessLogService {
 public:
  AccessLogServiceImpl(access::TokenService& service, access::RequestRecords records)
      : service_(service),
        records_(records),
        recorded_(counter("recorded")),
        skipped_(counter("skipped")),
        no_record_(counter("no_record")),
        malformed_(counter("malformed")),
        lost_(counter("lost")) {}

  net::Task<void> handle(http::Exchange& exchange) override {
    const auto& request = exchange.request;
    if (!calls(request, kAccessLog)) co_return co_await answer_no_call(exchange, kAccessLog);
    http::GrpcStream stream(exchange, kMaxLogMessage);
    const auto place = list(exchange.reply);
    if (!place) co_return static_cast<void>(co_await stream.finish(http::GrpcCode::unavailable, "the gate stops"));
    co_await read(stream);
    unlist(*place);
  }

  void stop() override {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    for (const auto& open : open_)
      open->loop->post([open] {
        if (open->reply != nullptr) open->reply->abort();
      });
  }

 private:
  using Place = std::list<std::shared_ptr<Open>>::iterator;

  Counter& counter(std::string_view outcome) {
    return service_.parts().metrics.counter("watchword_envoy_log_entries", "Entries of Envoy's access log by outcome",
                                            {{"outcome", std::string(outcome)}});
  }

  std::optional<Place> list(http::Writer& reply) {
    const std::lock_guard lock(mutex_);
    if (stopping_) return std::nullopt;
    return open_.insert(open_.end(), std::make_shared<Open>(&reply, net::Loop::current()));
  }
  void unlist(Place place) {
    const std::lock_guard lock(mutex_);
    (*place)->reply = nullptr;
    open_.erase(place);
  }

  net::Task<void> read(http::GrpcStream& stream) {
    while (true) {
      auto message = co_await stream.next();
      if (!message) co_return co_await leave(stream, message.error());
      if (!*message) break;
      const auto read = read_log_message(**message);
      if (!read) {
        malformed_.add();
        co_return co_await leave(stream, read.error());
      }
      co_await take(*read);
    }
    if (co_await stream.send({})) static_cast<void>(co_await stream.finish(http::GrpcCode::ok));
  }

  // Envoy opens another stream when it has something to say.
  static net::Task<void> leave(http::GrpcStream& stream, const Error& why) {
    if (why.reason == Reason::connection_closed) co_return;
    const bool silent = why.reason == Reason::http_timeout;
    const auto code = silent ? http::GrpcCode::ok : http::grpc_code(why.reason);
    static_cast<void>(co_await stream.finish(code, silent ? "" : why.found));
  }

  net::Task<void> take(const LogMessage& message) {
    skipped_.add(message.others);
    for (std::span<const std::string> left(message.http); !left.empty();) {
      const auto some = left.first(std::min(left.size(), kBatch));
      left = left.subspan(some.size());
      auto batch = entries_of(some);
      if (!batch.empty()) co_await write(std::move(batch));
    }
  }

  std::vector<std::string> entries_of(std::span<const std::string> logged) {
    std::vector<std::string> entries;
    for (const auto& bytes : logged) {
      auto one = read_log_entry(bytes);
      switch (one.kind) {
        case LogEntry::Kind::done:
          if (records_ == access::RequestRecords::off)
            skipped_.add();
          else
            entries.push_back(audit::to_canonical(audit_entry(std::move(one))));
          break;
        case LogEntry::Kind::skipped:
          skipped_.add();
          break;
        case LogEntry::Kind::no_record:
          no_record_.add();
          break;
        case LogEntry::Kind::malformed:
          malformed_.add();
          break;
      }
    }
    return entries;
  }

  audit::Entry audit_entry(LogEntry logged) const {
    auto entry = service_.parts().recorder.start(audit::Event::request_done);
    entry.outcome = audit::Outcome::allow;
    entry.session = std::move(logged.session);
    entry.resource = std::move(logged.resource);
    entry.action = std::move(logged.action);
    entry.detail = std::move(logged.detail);
    if (const auto session = service_.parts().sessions.find(entry.session)) entry.who = session->who();
    return entry;
  }

  // Returns when they are on disk, however long that takes; nothing more is read until then.
  net::Task<void> write(std::vector<std::string> entries) {
    const auto count = entries.size();
    store::Batch batch{{}, std::move(entries), true};
    while (true) {
      const auto written = co_await service_.parts().recorder.commit(batch);
      if (written) co_return recorded_.add(count);
      if (stopping_ || !may_pass(written.error().reason)) {
        lost_.add(count);
        co_return log::error("entries of Envoy's access log could not be written", written.error());
      }
      co_await net::Loop::current()->sleep(kPause);
    }
  }

  access::TokenService& service_;
  const access::RequestRecords records_;
  Counter& recorded_;
  Counter& skipped_;
  Counter& no_record_;
  Counter& malformed_;
  Counter& lost_;
  std::atomic<bool> stopping_ = false;
  std::mutex mutex_;
  std::list<std::shared_ptr<Open>> open_;
};

}  // namespace

std::unique_ptr<AccessLogService> AccessLogService::make(access::TokenService& service,
                                                         access::RequestRecords records) {
  return std::make_unique<AccessLogServiceImpl>(service, records);
}

}  // namespace watchword::envoy
