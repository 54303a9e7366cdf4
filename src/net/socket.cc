#include "net/socket.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <cerrno>

namespace watchword::net {

namespace {

constexpr unsigned kReadsAtOnce = 16;

constexpr int kSilence = 60, kBetweenProbes = 15, kProbes = 4;  // seconds, and how many

error_code last_error() { return {errno, boost::system::system_category()}; }

}  // namespace

// None of these fails on a TCP socket, and the connection would serve without them.
void set_tcp_options(int fd) {
  const auto set = [fd](int level, int option, int value) { ::setsockopt(fd, level, option, &value, sizeof value); };
  set(IPPROTO_TCP, TCP_NODELAY, 1);
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  set(IPPROTO_TCP, TCP_KEEPIDLE, kSilence);
  set(IPPROTO_TCP, TCP_KEEPINTVL, kBetweenProbes);
  set(IPPROTO_TCP, TCP_KEEPCNT, kProbes);
}

Socket::Socket(Handle handle, std::shared_ptr<void> slot)
    : handle_(std::move(handle)), timer_(handle_.get_executor()), slot_(std::move(slot)) {}

bool Socket::refused(error_code& error) const {
  if (!expired_ && handle_.is_open()) return false;
  error = asio::error::operation_aborted;
  return true;
}

Socket::Outcome Socket::try_read(std::span<char> into) {
  Outcome outcome;
  if (refused(outcome.error)) return outcome;
  ssize_t got;
  do got = ::recv(handle_.native_handle(), into.data(), into.size(), MSG_DONTWAIT);
  while (got < 0 && errno == EINTR);
  if (got < 0) {
    outcome.error = last_error();
  } else {
    outcome.bytes = static_cast<std::size_t>(got);
  }
  return outcome;
}

Socket::Outcome Socket::try_write(std::string_view first, std::string_view second) {
  Outcome outcome;
  if (refused(outcome.error)) return outcome;
  std::array<iovec, 2> parts{iovec{const_cast<char*>(first.data()), first.size()},
                             iovec{const_cast<char*>(second.data()), second.size()}};
  msghdr message{};
  message.msg_iov = first.empty() ? &parts[1] : parts.data();
  message.msg_iovlen = first.empty() || second.empty() ? 1 : 2;
  ssize_t sent;
  do sent = ::sendmsg(handle_.native_handle(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  while (sent < 0 && errno == EINTR);
  if (sent < 0) {
    outcome.error = last_error();
  } else {
    outcome.bytes = static_cast<std::size_t>(sent);
  }
  return outcome;
}

// Asio tries the system call itself before it waits, but then completes through its queue. So the call is made here
// only when data is likely to be there, and left to Asio when waiting is likely, or other connections' turn.
bool Socket::Read::await_ready() {
  if (socket.refused(outcome.error)) return true;
  if (!socket.more_likely_ || ++socket.at_once_ > kReadsAtOnce) {
    socket.at_once_ = 0;
    return false;
  }
  outcome = socket.try_read(into);
  return outcome.error != asio::error::would_block;
}

void Socket::Read::await_suspend(std::coroutine_handle<> waiter) {
  socket.handle_.async_read_some(asio::mutable_buffer(into.data(), into.size()),
                                 [this, waiter](const error_code& error, std::size_t bytes) {
                                   const bool end = error == asio::error::eof;
                                   outcome = {end ? error_code() : error, bytes};
                                   waiter.resume();
                                 });
}

Socket::Outcome Socket::Read::await_resume() {
  socket.more_likely_ = outcome.bytes == into.size();
  return outcome;
}

void Socket::Wait::await_suspend(std::coroutine_handle<> waiter) {
  socket.handle_.async_wait(readiness, [this, waiter](const error_code& result) {
    error = result;
    waiter.resume();
  });
}

void Socket::Connect::await_suspend(std::coroutine_handle<> waiter) {
  socket.handle_.async_connect(to, [this, waiter](const error_code& result) {
    error = result;
    waiter.resume();
  });
}

void Socket::set_deadline(std::optional<Steady::time_point> when) {
  deadline_ = when.value_or(kNever);
  expired_ = false;
  if (deadline_ < armed_ && handle_.is_open()) arm(deadline_);
}

void Socket::arm(Steady::time_point when) {
  armed_ = when;
  timer_.expires_at(when);
  timer_.async_wait([self = shared_from_this()](const error_code& error) {
    if (!error) self->on_timer();
  });
}

void Socket::on_timer() {
  armed_ = kNever;
  if (deadline_ == kNever || !handle_.is_open()) return;
  if (Steady::now() < deadline_) return arm(deadline_);
  expired_ = true;
  error_code ignored;  // nothing is pending, then nothing is to be cancelled
  handle_.cancel(ignored);
}

void Socket::shutdown_write() {
  error_code ignored;  // the peer may have closed before: the same end
  if (handle_.is_open()) handle_.shutdown(Handle::shutdown_send, ignored);
}

void Socket::close() {
  timer_.cancel();
  error_code ignored;  // the descriptor is gone either way
  handle_.close(ignored);
  slot_.reset();
}

void Socket::reset() {
  if (!handle_.is_open()) return;
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(handle_.native_handle(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  close();
}

bool Socket::idle() {
  if (!handle_.is_open() || expired_) return false;
  char byte;
  const ssize_t got = ::recv(handle_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

Error Socket::error_of(const error_code& error) const {
  if (expired_ && error == asio::error::operation_aborted) return fail(Reason::http_timeout).error();
  return fail(Reason::connection_closed, error.message()).error();
}

Peer Socket::peer() const {
  Peer peer;
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  const int fd = const_cast<Handle&>(handle_).native_handle();
  if (::getpeername(fd, reinterpret_cast<sockaddr*>(&storage), &size) != 0) return peer;
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (storage.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(storage);
    peer.address = ::inet_ntop(AF_INET, &v4.sin_addr, text.data(), text.size());
    peer.port = ntohs(v4.sin_port);
    peer.loopback = (ntohl(v4.sin_addr.s_addr) >> 24) == 127;
  } else if (storage.ss_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(storage);
    peer.port = ntohs(v6.sin6_port);
    if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) {
      peer.address = ::inet_ntop(AF_INET, &v6.sin6_addr.s6_addr[12], text.data(), text.size());
      peer.loopback = v6.sin6_addr.s6_addr[12] == 127;
    } else {
      peer.address = "[" + std::string(::inet_ntop(AF_INET6, &v6.sin6_addr, text.data(), text.size())) + "]";
      peer.loopback = IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr);
    }
  } else if (storage.ss_family == AF_UNIX) {
    ucred who{};
    socklen_t who_size = sizeof who;
    if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &who_size) == 0) peer.uid = who.uid;
    peer.loopback = true;
  }
  return peer;
}

}  // namespace watchword::net
