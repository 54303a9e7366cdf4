// TLS over a socket: OpenSSL makes the system calls itself, and the stream waits where it would have to.
#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "net/streams.h"
#include "net/tls.h"
#include "net/tls_bio.h"

namespace watchword::net {

namespace {

using SslHandle = std::unique_ptr<SSL, decltype(&SSL_free)>;
constexpr std::size_t kRecord = 16 * 1024;  // RFC 8446 5.1: the content of one record

std::string last_tls_error() {
  const unsigned long code = ERR_peek_last_error();
  const char* text = ERR_reason_error_string(code);
  ERR_clear_error();
  return text != nullptr ? text : "the connection ended";
}

class TlsStream final : public Stream {
 public:
  TlsStream(std::shared_ptr<Socket> socket, std::shared_ptr<SSL_CTX> context)
      : socket_(std::move(socket)),
        context_(std::move(context)),
        ssl_(SSL_new(context_.get()), &SSL_free),
        peer_(socket_->peer()) {
    BIO* bio = new_socket_bio(*socket_);
    SSL_set_bio(ssl_.get(), bio, bio);
  }
  ~TlsStream() override { socket_->close(); }
  TlsStream(const TlsStream&) = delete;
  TlsStream& operator=(const TlsStream&) = delete;

  SSL* ssl() { return ssl_.get(); }
  void set_names(std::vector<std::string> names) { peer_.names = std::move(names); }

  Task<Status> handshake() {
    while (true) {
      ERR_clear_error();
      const int result = SSL_do_handshake(ssl_.get());
      if (result == 1) co_return Status();
      WW_CO_CHECK(co_await wait(SSL_get_error(ssl_.get(), result)));
    }
  }

  Task<Result<std::size_t>> read(std::span<char> into) override {
    while (true) {
      ERR_clear_error();
      std::size_t got = 0;
      const int result = SSL_read_ex(ssl_.get(), into.data(), into.size(), &got);
      if (result == 1) co_return got;
      const int why = SSL_get_error(ssl_.get(), result);
      if (why == SSL_ERROR_ZERO_RETURN) co_return std::size_t{0};
      WW_CO_CHECK(co_await wait(why));
    }
  }

  Task<Status> write(std::string_view first, std::string_view second) override {
    if (!first.empty() && !second.empty() && first.size() + second.size() <= kRecord) {
      const std::string both = std::string(first).append(second);
      co_return co_await write_all(both);
    }
    WW_CO_CHECK(co_await write_all(first));
    co_return co_await write_all(second);
  }

  Task<void> shutdown() override {
    ERR_clear_error();
    if (socket_->open()) SSL_shutdown(ssl_.get());  // best effort: when it would block, the peer does not read anyway
    ERR_clear_error();
    socket_->shutdown_write();
    co_return;
  }
  void abort() override { socket_->reset(); }
  void set_deadline(std::optional<Steady::time_point> when) override { socket_->set_deadline(when); }

  // What arrived may be a session ticket, so OpenSSL has to look at it.
  bool idle() override {
    ERR_clear_error();
    char byte;
    std::size_t got = 0;
    const int result = SSL_peek_ex(ssl_.get(), &byte, 1, &got);
    return result != 1 && SSL_get_error(ssl_.get(), result) == SSL_ERROR_WANT_READ && socket_->idle();
  }

  const Peer& peer() const override { return peer_; }
  bool encrypted() const override { return true; }
  std::string_view alpn() const override {
    const unsigned char* name = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(ssl_.get(), &name, &size);
    return {reinterpret_cast<const char*>(name), size};
  }

 private:
  Task<Status> write_all(std::string_view all) {
    while (!all.empty()) {
      ERR_clear_error();
      std::size_t sent = 0;
      const int result = SSL_write_ex(ssl_.get(), all.data(), all.size(), &sent);
      if (result == 1) {
        all.remove_prefix(sent);
      } else {
        WW_CO_CHECK(co_await wait(SSL_get_error(ssl_.get(), result)));
      }
    }
    co_return Status();
  }

  Task<Status> wait(int why) {
    error_code error;
    if (why == SSL_ERROR_WANT_READ) {
      error = co_await socket_->wait(Socket::Handle::wait_read);
    } else if (why == SSL_ERROR_WANT_WRITE) {
      error = co_await socket_->wait(Socket::Handle::wait_write);
    } else if (!socket_->usable()) {
      error = asio::error::operation_aborted;
    } else {
      co_return fail(Reason::connection_closed, last_tls_error());
    }
    if (error) co_return std::unexpected(socket_->error_of(error));
    co_return Status();
  }

  std::shared_ptr<Socket> socket_;
  std::shared_ptr<SSL_CTX> context_;  // its ALPN list must outlive ssl_
  SslHandle ssl_;
  Peer peer_;
};

// RFC 5280 4.2.1.6. Only of a certificate that an authority of ours vouches for. As bytes, so that a name with a NUL
// inside equals none that is written down.
std::vector<std::string> verified_names(const SSL* ssl) {
  using Names = std::unique_ptr<GENERAL_NAMES, decltype(&GENERAL_NAMES_free)>;
  std::vector<std::string> names;
  const X509* certificate = SSL_get0_peer_certificate(ssl);
  if (certificate == nullptr || SSL_get_verify_result(ssl) != X509_V_OK ||
      (SSL_get_verify_mode(ssl) & SSL_VERIFY_PEER) == 0)
    return names;
  const Names all(static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)),
                  &GENERAL_NAMES_free);
  for (int i = 0; i < sk_GENERAL_NAME_num(all.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(all.get(), i);
    if (name->type != GEN_DNS) continue;
    const auto* bytes = reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.dNSName));
    names.emplace_back(bytes, static_cast<std::size_t>(ASN1_STRING_length(name->d.dNSName)));
  }
  return names;
}

bool is_ip(const std::string& host) {
  in6_addr parsed{};
  return inet_pton(AF_INET, host.c_str(), &parsed) == 1 || inet_pton(AF_INET6, host.c_str(), &parsed) == 1;
}

bool expect_host(SSL* ssl, const std::string& host) {
  SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
  if (is_ip(host)) return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host.c_str()) == 1;
  return SSL_set1_host(ssl, host.c_str()) == 1 && SSL_set_tlsext_host_name(ssl, host.c_str()) == 1;
}

Error tls_failure(SSL* ssl, const Error& cause, const std::string& host) {
  const long verdict = SSL_get_verify_result(ssl);
  if (verdict == X509_V_OK && cause.reason == Reason::http_timeout) return cause;
  return fail(Reason::upstream_tls_failed, verdict == X509_V_OK ? cause.found : X509_verify_cert_error_string(verdict),
              "a TLS handshake, and a trusted certificate for " + host)
      .error();
}

}  // namespace

Task<Result<std::unique_ptr<Stream>>> accept_tls(std::shared_ptr<Socket> socket,
                                                 std::shared_ptr<TlsServerContext> context) {
  auto stream = std::make_unique<TlsStream>(std::move(socket), context->current());
  SSL_set_accept_state(stream->ssl());
  WW_CO_CHECK(co_await stream->handshake());
  stream->set_names(verified_names(stream->ssl()));
  co_return std::unique_ptr<Stream>(std::move(stream));
}

Task<Result<std::unique_ptr<Stream>>> connect_tls(std::shared_ptr<Socket> socket,
                                                  std::shared_ptr<TlsClientContext> context, std::string host) {
  auto stream = std::make_unique<TlsStream>(std::move(socket), context->context());
  SSL_set_connect_state(stream->ssl());
  if (!context->options().server_name.empty()) host = context->options().server_name;
  const std::string_view alpn = context->alpn();
  if (SSL_set_alpn_protos(stream->ssl(), reinterpret_cast<const unsigned char*>(alpn.data()),
                          static_cast<unsigned>(alpn.size())) != 0)
    co_return fail(Reason::internal, "OpenSSL refuses the ALPN names");
  if (!expect_host(stream->ssl(), host))
    co_return fail(Reason::upstream_tls_failed, "the host name '" + host + "'", "a name or an address");
  if (const Status status = co_await stream->handshake(); !status)
    co_return std::unexpected(tls_failure(stream->ssl(), status.error(), host));
  co_return std::unique_ptr<Stream>(std::move(stream));
}

}  // namespace watchword::net
