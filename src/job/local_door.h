// One resource's HTTP listener: HTTP/1.1 and HTTP/2, on loopback or a Unix socket, for this run's processes only.
#pragma once

#include <atomic>
#include <memory>

#include "base/secret.h"
#include "http/handler.h"
#include "http/server.h"
#include "job/local_caller.h"
#include "job/local_forwarder.h"
#include "job/peer_owner.h"

namespace watchword::job {

// Whose connections a run's listeners take: those of the run's user, and root's.
class PeerGuard {
 public:
  // `on_refusal` is told of each that is refused, on the loop of its connection.
  PeerGuard(OwnerSource source, std::uint32_t user, std::function<void(const Reply& refusal)> on_refusal)
      : source_(source), user_(user), on_refusal_(std::move(on_refusal)) {}
  void listens_on(std::uint16_t port) { port_ = port; }  // any thread; before it, no TCP connection is taken
  bool takes(const net::Peer& peer) const;

 private:
  OwnerSource source_;
  std::uint32_t user_;
  std::function<void(const Reply& refusal)> on_refusal_;
  std::atomic<std::uint16_t> port_ = 0;
};

class LocalDoor final : private http::Handler {
 public:
  // Of the run: its secret outlives the door.
  struct Run {
    const Secret& secret;
    OwnerSource source = OwnerSource::diag;
    std::uint32_t user = 0;  // effective
  };
  // listener_unavailable. The loop runs until the door is closed.
  static Result<std::unique_ptr<LocalDoor>> open(net::Loop& loop, const net::Address& listen, Run run,
                                                 LocalForwarder::Way way);
  LocalDoor(const LocalDoor&) = delete;
  LocalDoor& operator=(const LocalDoor&) = delete;

  static http::ServerLimits limits();
  net::Address address() const { return server_->address(); }
  // Ends its connections, with what is under way. Not on the loop; the door is destroyed once that has stopped.
  void close();

 private:
  LocalDoor(net::Loop& loop, Run run, LocalForwarder::Way way);
  net::Task<void> handle(http::Exchange& exchange) override;

  net::Loop& loop_;
  Run run_;
  PeerGuard guard_;
  LocalForwarder forwarder_;
  std::unique_ptr<http::Server> server_;
};

// A server's error of start-up, as the run tells it.
Error no_listener(const Error& error);

}  // namespace watchword::job
