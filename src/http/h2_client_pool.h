// The HTTP/2 connections of one client to its origin, on one loop. Internal to the client.
#pragma once

#include <memory>
#include <vector>

#include "http/client_pool.h"
#include "http/client_queue.h"
#include "http/h2_client_connection.h"

namespace watchword::http {

// The right to one stream on a connection. Empty: the origin does not speak HTTP/2.
class H2Place {
 public:
  H2Place() = default;
  explicit H2Place(H2ClientConnection::Ptr its_connection) : connection_(std::move(its_connection)) {
    connection_->take_place();
  }
  H2Place(H2Place&&) = default;
  H2Place& operator=(H2Place&&) = delete;
  H2Place(const H2Place&) = delete;
  H2Place& operator=(const H2Place&) = delete;
  ~H2Place() { give_back(); }

  explicit operator bool() const { return connection_ != nullptr; }
  const H2ClientConnection::Ptr& connection() const { return connection_; }
  void give_back() {
    if (const auto connection = std::exchange(connection_, nullptr)) connection->give_back_place();
  }

 private:
  H2ClientConnection::Ptr connection_;
};

class H2ClientPool : public std::enable_shared_from_this<H2ClientPool> {
 public:
  // `http1`: for what cannot go by HTTP/2.
  H2ClientPool(std::shared_ptr<ClientPool> its_http1, std::shared_ptr<net::TlsClientContext> tls)
      : http1(std::move(its_http1)), tls_(std::move(tls)), waiting_(http1->limits.response_time) {}
  H2ClientPool(const H2ClientPool&) = delete;
  H2ClientPool& operator=(const H2ClientPool&) = delete;
  ~H2ClientPool();

  // On a connection that takes another stream, else on a new one, else waits for either, at most response_time
  // (overloaded).
  net::Task<Result<H2Place>> take();

  const std::shared_ptr<ClientPool> http1;

 private:
  H2ClientConnection::Ptr find() const;
  void connect_soon();
  static net::Task<void> connect(std::shared_ptr<H2ClientPool> self);
  net::Task<Result<H2ClientConnection::Ptr>> make();  // null: HTTP/1.1 was chosen
  void add(const H2ClientConnection::Ptr& connection);
  void changed();
  void serve_waiting();
  void fail_waiting(const Error& error);

  std::shared_ptr<net::TlsClientContext> tls_;
  std::vector<H2ClientConnection::Ptr> connections_;  // that take new streams, now or when others have ended
  WaitQueue<Result<H2Place>> waiting_;
  bool connecting_ = false;
  bool only_http1_ = false;  // so the origin chose
};

}  // namespace watchword::http
