#include "job/local_gate.h"

#include <unistd.h>

#include <deque>
#include <optional>
#include <utility>

#include "http/uri.h"
#include "job/gate_proxy.h"
#include "job/local_door.h"
#include "job/local_tunnel.h"
#include "job/proved_post.h"
#include "job/socket_folder.h"
#include "net/loop.h"

namespace watchword::job {
namespace {

constexpr std::size_t kSecretBytes = 24;

net::Task<void> renew_nonce_for(Holder& holder, const Access& access) {
  if (access.token()->bound) co_await renew_nonce(holder);
}

Result<std::shared_ptr<net::TlsClientContext>> tls_of(const http::Origin& gateway, const Holder& holder) {
  if (gateway.scheme != "https") return nullptr;
  if (holder.tls) return holder.tls;
  return tls_towards(gateway, {});
}

class LocalGateImpl final : public LocalGate {
 public:
  LocalGateImpl(Holder& holder, Options options)
      : holder_(holder), options_(std::move(options)), secret_(random_token(holder.random, kSecretBytes)), pool_(1) {}
  LocalGateImpl(const LocalGateImpl&) = delete;
  LocalGateImpl& operator=(const LocalGateImpl&) = delete;
  ~LocalGateImpl() override {
    tunnels_.clear();
    for (const auto& door : http_) door->close();
    pool_.stop();
  }

  Status prepare() {
    if (!options_.unix_sockets) {
      WW_TRY(source_, owner_source());
      return {};
    }
    WW_TRY(auto folder, SocketFolder::make(SocketFolder::usual_places()));
    folder_.emplace(std::move(folder));
    return {};
  }

  Status open(Access& access) {
    Door door{.url = {}, .host = {}, .port = 0, .socket = {}};
    net::Address listen{.host = "127.0.0.1"};
    if (folder_) {
      WW_TRY(door.socket, folder_->socket(access.place().name));
      listen = {.unix_path = door.socket};
    }
    const bool tcp = access.place().kind == Kind::tcp;
    WW_TRY(const auto address, tcp ? open_tunnel(access, listen) : open_http(access, listen));
    if (!folder_) {
      door.host = address.host;
      door.port = address.port;
    }
    const auto place = folder_ ? http::percent_encode(door.socket) : net::to_string(address);
    const std::string scheme = tcp ? (folder_ ? "unix://" : "tcp://") : (folder_ ? "http+unix://" : "http://");
    door.url = scheme + place;
    if (!tcp) door.url.append("/").append(secret_.reveal());
    doors_.push_back(std::move(door));
    return {};
  }

  const std::vector<Door>& doors() const override { return doors_; }
  const Secret& run_secret() const override { return secret_; }

 private:
  Result<net::Address> open_http(const Access& access, const net::Address& listen) {
    WW_TRY(auto site, Site::of(access.place().url));
    WW_TRY(auto tls, tls_of(site.origin, holder_));
    LocalForwarder::Way way{.site = std::move(site),
                            .tls = std::move(tls),
                            .credentials = [&access](auto method, auto url) { return access.credentials(method, url); },
                            .saw_nonce = [this](auto nonce) { holder_.nonce.saw(nonce, holder_.clock.now()); },
                            .renew_nonce = [this, &access] { return renew_nonce_for(holder_, access); },
                            .on_refusal = options_.on_refusal};
    WW_TRY(auto door, LocalDoor::open(*pool_.loops().front(), listen, {secret_, source_, ::geteuid()}, std::move(way)));
    return http_.emplace_back(std::move(door))->address();
  }

  Result<net::Address> open_tunnel(const Access& access, const net::Address& listen) {
    const auto& place = access.place();
    WW_TRY(auto site, Site::of(place.url));
    WW_TRY(auto tls, tls_of(site.origin, holder_));
    auto& guard = guards_.emplace_back(source_, ::geteuid(), options_.on_refusal);
    auto tunnel = LocalTunnel::start(listen, {.gateway = std::move(site.origin),
                                              .tls = std::move(tls),
                                              .authority = place.name + ":" + std::to_string(place.port),
                                              .holder = holder_,
                                              .access = access,
                                              .on_trouble = options_.on_refusal,
                                              .admit = [&guard](const net::Peer& peer) { return guard.takes(peer); }});
    if (!tunnel) return std::unexpected(no_listener(tunnel.error()));
    auto address = (*tunnel)->address();
    guard.listens_on(address.port);
    tunnels_.push_back(*std::move(tunnel));
    return address;
  }

  Holder& holder_;
  Options options_;
  Secret secret_;
  OwnerSource source_ = OwnerSource::diag;
  std::optional<SocketFolder> folder_;
  net::LoopPool pool_;
  std::vector<std::unique_ptr<LocalDoor>> http_;
  std::deque<PeerGuard> guards_;  // outlive the tunnels
  std::vector<std::unique_ptr<LocalTunnel>> tunnels_;
  std::vector<Door> doors_;
};

}  // namespace

Result<std::unique_ptr<LocalGate>> LocalGate::start(const std::vector<Access*>& accesses, Holder& holder,
                                                    Options options) {
  if (!options.on_refusal) options.on_refusal = [](const Reply&) {};
  auto gate = std::make_unique<LocalGateImpl>(holder, std::move(options));
  WW_CHECK(gate->prepare());
  for (auto* access : accesses) WW_CHECK(gate->open(*access));
  return gate;
}

}  // namespace watchword::job
