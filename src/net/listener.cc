// Accepting connections, one acceptor per loop.
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <atomic>
#include <cerrno>

#include "base/log.h"
#include "net/address_slots.h"
#include "net/bind.h"
#include "net/loop_impl.h"
#include "net/streams.h"

namespace watchword::net {

namespace {

constexpr int kBatch = 64;  // connections accepted at once, before the loop turns to the others
constexpr auto kPause = std::chrono::milliseconds(100);  // after an error such as EMFILE

// What the acceptors of one listener share. Lives until the last of them and of their connections has ended.
struct Shared {
  Shared(Listener::Options its_options, Listener::OnStream its_on_stream)
      : options(std::move(its_options)), on_stream(std::move(its_on_stream)), addresses(options.max_per_address) {}

  // A place among max_connections and max_per_address, given back when the last copy goes. Null when there is none.
  static std::shared_ptr<void> slot(const std::shared_ptr<Shared>& self, const std::optional<AddressKey>& key) {
    if (self->open.fetch_add(1, std::memory_order_relaxed) >= self->options.max_connections)
      return self->refuse(Listener::Full::all, key);
    if (key && !self->addresses.take(*key)) return self->refuse(Listener::Full::address, key);
    return {self.get(), [self, key](void*) {
              if (key) self->addresses.give_back(*key);
              self->open.fetch_sub(1, std::memory_order_relaxed);
            }};
  }

  const Listener::Options options;
  const Listener::OnStream on_stream;

 private:
  std::nullptr_t refuse(Listener::Full full, const std::optional<AddressKey>& key) {
    open.fetch_sub(1, std::memory_order_relaxed);
    if (options.on_refused) options.on_refused(full, key ? to_string(*key) : "");
    return nullptr;
  }

  std::atomic<std::size_t> open = 0;
  AddressSlots addresses;
};

Task<void> hand_over(std::shared_ptr<Shared> shared, std::shared_ptr<Socket> socket) {
  if (!shared->options.tls) {
    shared->on_stream(plain_stream(std::move(socket)));
    co_return;
  }
  socket->set_deadline(Steady::now() + shared->options.handshake_timeout);
  auto stream = co_await accept_tls(std::move(socket), shared->options.tls);
  if (!stream) {
    log::debug("TLS handshake failed", {{"error", to_string(stream.error())}});
    co_return;
  }
  (*stream)->set_deadline(std::nullopt);
  shared->on_stream(*std::move(stream));
}

// One listening socket on one loop.
class Acceptor : public std::enable_shared_from_this<Acceptor> {
 public:
  Acceptor(Loop& loop, OwnedFd fd, int family, std::shared_ptr<Shared> shared)
      : loop_(loop),
        protocol_(family, family == AF_UNIX ? 0 : IPPROTO_TCP),
        handle_(loop.impl().context, protocol_, fd.release()),
        pause_(loop.impl().context),
        shared_(std::move(shared)) {}

  void wait() {
    handle_.async_wait(Socket::Handle::wait_read, [self = shared_from_this()](const error_code& error) {
      if (!error) self->accept_some();
    });
  }

  // What the kernel has accepted already is served still: the client believes itself connected.
  void close() {
    if (!handle_.is_open()) return;
    while (accept_one() == Next::more) {
    }
    error_code ignored;  // the descriptor is gone either way
    handle_.close(ignored);
    pause_.cancel();
  }

 private:
  enum class Next : std::uint8_t { more, wait, pause };

  void accept_some() {
    Next next = Next::more;
    for (int i = 0; i < kBatch && next == Next::more && handle_.is_open(); ++i) next = accept_one();
    if (!handle_.is_open()) return;
    if (next != Next::pause) return wait();
    pause_.expires_after(kPause);
    pause_.async_wait([self = shared_from_this()](const error_code& error) {
      if (!error) self->wait();
    });
  }

  Next accept_one() {
    sockaddr_storage from{};
    socklen_t size = sizeof from;
    const int fd =
        ::accept4(handle_.native_handle(), reinterpret_cast<sockaddr*>(&from), &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return failed(errno);
    OwnedFd owned(fd);
    failing_ = false;
    std::shared_ptr<void> slot = Shared::slot(shared_, AddressKey::of(from));
    if (!slot) return Next::more;
    if (protocol_.family() != AF_UNIX) set_tcp_options(fd);
    Socket::Handle connection(loop_.impl().context);
    error_code error;
    connection.assign(protocol_, fd, error);
    if (error) return failed(error.value());
    owned.release();
    spawn(hand_over(shared_, std::make_shared<Socket>(std::move(connection), std::move(slot))));
    return Next::more;
  }

  Next failed(int error) {
    if (error == EAGAIN || error == EWOULDBLOCK) return Next::wait;
    if (error == EINTR || error == ECONNABORTED || error == EPROTO || error == EPERM) return Next::more;
    if (!failing_)
      log::error("connections cannot be accepted",
                 {{"error", error_code(error, boost::system::system_category()).message()}});
    failing_ = true;
    return Next::pause;
  }

  Loop& loop_;
  asio::generic::stream_protocol protocol_;
  Socket::Handle handle_;
  Timer pause_;
  std::shared_ptr<Shared> shared_;
  bool failing_ = false;  // said so already
};

class LoopsListener final : public Listener {
 public:
  LoopsListener(Address address, std::unique_ptr<SocketFile> file)
      : address_(std::move(address)), file_(std::move(file)) {}
  ~LoopsListener() override { LoopsListener::stop(); }
  LoopsListener(const LoopsListener&) = delete;
  LoopsListener& operator=(const LoopsListener&) = delete;

  void add(Loop& loop, std::shared_ptr<Acceptor> acceptor) {
    loop.post([acceptor] { acceptor->wait(); });
    acceptors_.emplace_back(&loop, std::move(acceptor));
  }
  Address address() const override { return address_; }
  void stop() override {
    if (stopped_.exchange(true)) return;
    for (auto& [loop, acceptor] : acceptors_) loop->post([acceptor] { acceptor->close(); });
    file_.reset();
  }

 private:
  Address address_;
  std::unique_ptr<SocketFile> file_;
  std::vector<std::pair<Loop*, std::shared_ptr<Acceptor>>> acceptors_;
  std::atomic<bool> stopped_ = false;
};

}  // namespace

Result<std::unique_ptr<Listener>> Listener::start(std::vector<Loop*> loops, const Address& address, Options options,
                                                  OnStream on_stream) {
  auto shared = std::make_shared<Shared>(std::move(options), std::move(on_stream));
  if (!address.unix_path.empty()) loops.resize(1);  // one socket file, one queue
  WW_TRY(Bound bound, bind_and_listen(address, loops.size(), shared->options.unix_mode));
  auto listener = std::make_unique<LoopsListener>(std::move(bound.address), std::move(bound.file));
  for (std::size_t i = 0; i < loops.size(); ++i)
    listener->add(*loops[i], std::make_shared<Acceptor>(*loops[i], std::move(bound.sockets[i]), bound.family, shared));
  return listener;
}

}  // namespace watchword::net
