#include "job/local_tunnel.h"

#include <array>
#include <utility>

#include "http/handler.h"
#include "http/problem.h"
#include "job/gate_proxy.h"
#include "job/gate_trust.h"

namespace watchword::job {
namespace {

constexpr std::size_t kPiece = std::size_t{16} * 1024;
constexpr std::size_t kMaxRefusal = std::size_t{64} * 1024;

// A connection of a local tool. Shared, as a read may still wait when the tunnel has ended.
struct Local {
  std::unique_ptr<net::Stream> stream;
  std::array<char, kPiece> buffer{};
};

net::Task<Result<std::string_view>> read_from(std::shared_ptr<Local> local) {
  WW_CO_TRY(const auto got, co_await local->stream->read(local->buffer));
  co_return std::string_view(local->buffer.data(), got);
}

// What the tool sends, as the upload of the tunnel.
class FromLocal final : public http::Body {
 public:
  explicit FromLocal(std::shared_ptr<Local> local) : local_(std::move(local)) {}
  net::Task<Result<std::string_view>> next() override { return read_from(local_); }
  std::optional<std::uint64_t> length() const override { return std::nullopt; }
  const http::Headers& trailers() const override { return none_; }

 private:
  std::shared_ptr<Local> local_;
  http::Headers none_;
};

// How long a connection may be silent is for the gate to say.
http::ClientLimits limits() {
  http::ClientLimits limits;
  limits.idle_time = std::chrono::hours(24);
  return limits;
}

bool wants_nonce(const http::ResponseHead& answer) {
  const auto* challenge = answer.headers.find("proxy-authenticate");
  return answer.status == 407 && challenge != nullptr && challenge->find("use_dpop_nonce") != std::string::npos;
}

// Used on its loop only.
class Relay {
 public:
  explicit Relay(LocalTunnel::Towards towards)
      : towards_(std::move(towards)), client_(client_towards(towards_.gateway, towards_.tls, limits())) {}

  bool admits(const net::Stream& stream) const { return !towards_.admit || towards_.admit(stream.peer()); }
  net::Task<void> run(std::unique_ptr<net::Stream> stream) {
    auto local = std::make_shared<Local>();
    local->stream = std::move(stream);
    FromLocal upload(local);
    co_await pass(*local, upload);
    local->stream->abort();  // a read that still waits ends now
  }

 private:
  net::Task<void> pass(Local& local, FromLocal& upload) {
    auto response = co_await open(upload);
    if (!response) {
      const auto trouble = gate_trouble(response.error(), towards_.gateway);
      co_return towards_.on_trouble({.status = 0, .body = http::problem(trouble, true)});
    }
    auto& body = (*response)->body();
    if ((*response)->head().status != 200) {
      const auto text = co_await http::read_all(body, kMaxRefusal);
      const auto status = (*response)->head().status;
      co_return towards_.on_trouble({.status = status, .body = text ? parse_json(*text).value_or(Json()) : Json()});
    }
    while (true) {
      const auto piece = co_await body.next();
      if (!piece) co_return towards_.on_trouble({});  // what the gate says to the next question is why
      if (piece->empty()) break;
      if (!co_await local.stream->write(*piece)) co_return;
    }
    co_await local.stream->shutdown();
  }

  // Again where the proof lacked the gate's newest nonce (RFC 9449 9). Nothing of the upload is sent before the tunnel
  // is granted.
  net::Task<Result<std::unique_ptr<http::ClientResponse>>> open(FromLocal& upload) {
    const auto url = towards_.gateway.scheme + "://" + towards_.authority;
    for (const bool again : {false, true}) {
      http::RequestHead head{"CONNECT", towards_.gateway.scheme, towards_.authority, {}, {}};
      head.headers = towards_.access.credentials("CONNECT", url);
      auto response = co_await client_->send(std::move(head), &upload);
      if (!response) co_return response;
      const auto& answer = (*response)->head();
      const auto* nonce = answer.headers.find("dpop-nonce");
      if (nonce != nullptr) towards_.holder.nonce.saw(*nonce, towards_.holder.clock.now());
      if (again || nonce == nullptr || !wants_nonce(answer)) co_return response;
    }
    std::unreachable();
  }

  LocalTunnel::Towards towards_;
  std::unique_ptr<http::Client> client_;
};

class LocalTunnelImpl final : public LocalTunnel {
 public:
  explicit LocalTunnelImpl(Towards towards) : pool_(1), relay_(std::move(towards)) {}
  ~LocalTunnelImpl() override {
    listener_.reset();
    pool_.stop();
  }
  LocalTunnelImpl(const LocalTunnelImpl&) = delete;
  LocalTunnelImpl& operator=(const LocalTunnelImpl&) = delete;

  Status listen(const net::Address& address) {
    WW_TRY(listener_, net::Listener::start(pool_.loops(), address, {}, [this](std::unique_ptr<net::Stream> stream) {
             if (relay_.admits(*stream)) net::spawn(relay_.run(std::move(stream)));
           }));
    return {};
  }
  net::Address address() const override { return listener_->address(); }

 private:
  net::LoopPool pool_;
  Relay relay_;
  std::unique_ptr<net::Listener> listener_;
};

}  // namespace

Result<std::unique_ptr<LocalTunnel>> LocalTunnel::start(const net::Address& listen, Towards towards) {
  auto tunnel = std::make_unique<LocalTunnelImpl>(std::move(towards));
  WW_CHECK(tunnel->listen(listen));
  return tunnel;
}

}  // namespace watchword::job
