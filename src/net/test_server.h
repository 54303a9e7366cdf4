// An echo server and small helpers, for the tests of net/ only.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <string>

#include "net/loop.h"
#include "net/stream.h"
#include "net/tls.h"
#include "support/certificates.h"
#include "support/temporary_directory.h"

namespace watchword::net {

inline Task<void> echo(std::unique_ptr<Stream> stream) {
  std::array<char, 4096> buffer;
  while (true) {
    const auto got = co_await stream->read(buffer);
    if (!got || *got == 0) break;
    if (!co_await stream->write({buffer.data(), *got}, {})) break;
  }
  co_await stream->shutdown();
}

// Listens, and echoes what it is sent.
struct EchoServer {
  explicit EchoServer(const std::string& address = "127.0.0.1:0", Listener::Options options = {}, unsigned loops = 1)
      : pool(loops) {
    auto started = Listener::start(pool.loops(), *parse_address(address), std::move(options),
                                   [](std::unique_ptr<Stream> stream) { spawn(echo(std::move(stream))); });
    EXPECT_TRUE(started) << to_string(started.error());
    listener = *std::move(started);
  }
  Address address() const { return listener->address(); }

  LoopPool pool;
  std::unique_ptr<Listener> listener;
};

// Exactly `size` bytes, or what came before the end.
inline Task<Result<std::string>> read_exactly(Stream& stream, std::size_t size) {
  std::string all(size, '\0');
  std::size_t have = 0;
  while (have < size) {
    WW_CO_TRY(const std::size_t got, co_await stream.read(std::span(all).subspan(have)));
    if (got == 0) break;
    have += got;
  }
  all.resize(have);
  co_return all;
}

// Connects, sends `text` and returns what comes back.
inline Task<Result<std::string>> ask(Address address, std::shared_ptr<TlsClientContext> tls, std::string text) {
  WW_CO_TRY(auto stream, co_await connect(address, tls, std::chrono::seconds(5)));
  stream->set_deadline(Steady::now() + std::chrono::seconds(5));
  WW_CO_CHECK(co_await stream->write(text, {}));
  co_return co_await read_exactly(*stream, text.size());
}

// The negotiated protocol.
inline Task<Result<std::string>> handshake(Address address, std::shared_ptr<TlsClientContext> tls) {
  WW_CO_TRY(const auto stream, co_await connect(address, tls, std::chrono::seconds(5)));
  EXPECT_EQ(stream->encrypted(), tls != nullptr);
  co_return std::string(stream->alpn());
}

// A server's certificate files in a directory of their own, and clients that trust their authority.
struct TestCertificates {
  TestCertificates() {
    write_server({.hosts = {"localhost", "127.0.0.1"}});
    testing::write_text(directory.file("ca.pem"), authority.pem());
  }
  void write_server(const testing::CertificateRequest& request) {
    const auto issued = authority.issue(request);
    testing::write_text(directory.file("server.pem"), issued.certificate);
    testing::write_text(directory.file("server.key"), issued.key);
  }
  TlsServerContext::Files files() const {
    return {.certificate = directory.file("server.pem"), .key = directory.file("server.key"), .client_ca = {}};
  }
  std::shared_ptr<TlsServerContext> server() const { return *TlsServerContext::make(files()); }
  std::shared_ptr<TlsClientContext> client(TlsClientContext::Options options = {}) const {
    if (options.ca_file.empty()) options.ca_file = directory.file("ca.pem");
    return *TlsClientContext::make(std::move(options));
  }

  testing::TemporaryDirectory directory;
  testing::CertificateAuthority authority;
};

}  // namespace watchword::net
