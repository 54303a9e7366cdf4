// TLS 1.2 and 1.3 (OpenSSL). Certificates are read again when their files change.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/secret.h"

struct ssl_ctx_st;  // OpenSSL's SSL_CTX

namespace watchword::net {

class TlsServerContext {
 public:
  struct Files {
    std::string certificate;     // PEM chain
    std::string key;             // PEM
    std::string client_ca = {};  // when set, clients must present a certificate that it signed
  };
  // config_invalid with the file that is wrong. ALPN offers `protocols` in this order.
  static Result<std::shared_ptr<TlsServerContext>> make(Files files,
                                                        const std::vector<std::string>& protocols = {"h2", "http/1.1"});
  // Loads the files again if they changed; on failure the certificate in force stays and the error says why.
  // True when something changed. Any thread; connections in flight keep what they have.
  Result<bool> reload_if_changed();
  std::shared_ptr<ssl_ctx_st> current() const;
  ~TlsServerContext();

 private:
  struct State;
  explicit TlsServerContext(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

class TlsClientContext {
 public:
  struct Options {
    std::string ca_file = {};      // empty: the system's authorities
    std::string certificate = {};  // client certificate, PEM; empty: none
    std::string key = {};
    std::string server_name = {};  // checked and sent instead of the host; empty: the host
    std::vector<std::string> protocols = {"http/1.1"};
  };
  static Result<std::shared_ptr<TlsClientContext>> make(Options options);
  // The same, with other names for ALPN. config_invalid for names that it cannot carry.
  Result<std::shared_ptr<TlsClientContext>> with_protocols(std::vector<std::string> protocols) const;
  const Options& options() const { return options_; }
  std::shared_ptr<ssl_ctx_st> context() const { return context_; }
  std::string_view alpn() const { return alpn_; }  // as TLS sends it (RFC 7301 3.1)

 private:
  TlsClientContext(Options options, std::string alpn, std::shared_ptr<ssl_ctx_st> context)
      : options_(std::move(options)), alpn_(std::move(alpn)), context_(std::move(context)) {}
  Options options_;
  std::string alpn_;
  std::shared_ptr<ssl_ctx_st> context_;
};

}  // namespace watchword::net
