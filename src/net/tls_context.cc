// TLS settings, certificates and keys.
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <array>
#include <mutex>

#include "base/file.h"
#include "base/file_stamp.h"
#include "crypto/digest.h"
#include "net/tls.h"

namespace watchword::net {

namespace {

using BioHandle = std::unique_ptr<BIO, decltype(&BIO_free)>;
using CertificateHandle = std::unique_ptr<X509, decltype(&X509_free)>;
using KeyHandle = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using NamesHandle = std::unique_ptr<STACK_OF(X509_NAME), void (*)(STACK_OF(X509_NAME)*)>;

std::unexpected<Error> invalid(const std::string& file, std::string expected) {
  const char* text = ERR_reason_error_string(ERR_peek_last_error());
  std::string found = text != nullptr ? text : "a file that OpenSSL does not accept";
  ERR_clear_error();
  return fail(Reason::config_invalid, std::move(found), std::move(expected), file);
}

// RFC 7301 3.1: each name after its length.
Result<std::string> alpn_wire(const std::vector<std::string>& protocols) {
  std::string wire;
  for (const std::string& name : protocols) {
    if (name.empty() || name.size() > 255) return fail(Reason::config_invalid, name, "ALPN names of 1 to 255 bytes");
    wire += static_cast<char>(name.size());
    wire += name;
  }
  return wire;
}

// A context and the ALPN list that its callback reads.
struct Context {
  explicit Context(const SSL_METHOD* method) : ssl(SSL_CTX_new(method), &SSL_CTX_free) {}
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> ssl;
  std::string alpn;
};

std::shared_ptr<SSL_CTX> share(const std::shared_ptr<Context>& context) { return {context, context->ssl.get()}; }

bool set_policy(SSL_CTX* ssl) {
  SSL_CTX_set_options(ssl, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_PRIORITIZE_CHACHA |
                               SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_mode(ssl, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_security_level(ssl, 2);
  SSL_CTX_set_read_ahead(ssl, 1);
  SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
  return SSL_CTX_set_min_proto_version(ssl, TLS1_2_VERSION) == 1 && SSL_CTX_set_max_proto_version(ssl, 0) == 1 &&
         SSL_CTX_set_cipher_list(ssl, "ECDHE+AESGCM:ECDHE+CHACHA20:!aNULL") == 1;
}

int no_password(char*, int, int, void*) { return 0; }  // never ask at a terminal

Status use_chain(SSL_CTX* ssl, const std::string& pem, const std::string& file) {
  const BioHandle bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), &BIO_free);
  const CertificateHandle leaf(PEM_read_bio_X509_AUX(bio.get(), nullptr, no_password, nullptr), &X509_free);
  if (!leaf || SSL_CTX_use_certificate(ssl, leaf.get()) != 1)
    return invalid(file, "a PEM certificate chain, leaf first");
  while (X509* next = PEM_read_bio_X509(bio.get(), nullptr, no_password, nullptr)) {
    if (SSL_CTX_add0_chain_cert(ssl, next) != 1) {
      X509_free(next);
      return invalid(file, "a PEM certificate chain, leaf first");
    }
  }
  if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE) return invalid(file, "only PEM certificates");
  ERR_clear_error();
  return {};
}

Status use_key(SSL_CTX* ssl, const Secret& pem, const std::string& file) {
  const BioHandle bio(BIO_new_mem_buf(pem.reveal().data(), static_cast<int>(pem.reveal().size())), &BIO_free);
  const KeyHandle key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_password, nullptr), &EVP_PKEY_free);
  if (!key) return invalid(file, "an unencrypted private key in PEM");
  if (SSL_CTX_use_PrivateKey(ssl, key.get()) != 1 || SSL_CTX_check_private_key(ssl) != 1)
    return invalid(file, "the private key of the certificate");
  return {};
}

Status require_client_certificate(SSL_CTX* ssl, const std::string& pem, const std::string& file) {
  const BioHandle bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), &BIO_free);
  NamesHandle names(sk_X509_NAME_new_null(),
                    [](STACK_OF(X509_NAME) * all) { sk_X509_NAME_pop_free(all, X509_NAME_free); });
  X509_STORE* store = SSL_CTX_get_cert_store(ssl);
  int count = 0;
  while (X509* next = PEM_read_bio_X509(bio.get(), nullptr, no_password, nullptr)) {
    const CertificateHandle authority(next, &X509_free);
    X509_NAME* name = X509_NAME_dup(X509_get_subject_name(next));
    if (X509_STORE_add_cert(store, next) != 1 || sk_X509_NAME_push(names.get(), name) == 0)
      return invalid(file, "PEM certificates of authorities");
    ++count;
  }
  if (count == 0) return invalid(file, "PEM certificates of authorities");
  ERR_clear_error();
  SSL_CTX_set_client_CA_list(ssl, names.release());
  SSL_CTX_set_verify(ssl, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  return {};
}

int select_alpn(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* offered, unsigned size,
                void* context) {
  const std::string& ours = static_cast<Context*>(context)->alpn;
  unsigned char* chosen = nullptr;
  const int verdict = SSL_select_next_proto(&chosen, out_size, reinterpret_cast<const unsigned char*>(ours.data()),
                                            static_cast<unsigned>(ours.size()), offered, size);
  *out = chosen;
  return verdict == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

}  // namespace

struct TlsServerContext::State {
  struct Contents {
    std::string certificate, client_ca;
    Secret key;
  };

  std::array<FileStamp, 3> stamps() const {
    return {stamp_of(files.certificate), stamp_of(files.key), stamp_of(files.client_ca)};
  }

  Result<Contents> read() const {
    Contents contents;
    WW_TRY(contents.certificate, read_file(files.certificate));
    WW_TRY(std::string key, read_file(files.key));
    contents.key = Secret(std::move(key));
    if (!files.client_ca.empty()) {
      WW_TRY(contents.client_ca, read_file(files.client_ca));
    }
    return contents;
  }

  static std::array<crypto::Sha256, 3> digest(const Contents& contents) {
    return {crypto::sha256(contents.certificate), crypto::sha256(contents.key.reveal()),
            crypto::sha256(contents.client_ca)};
  }

  Result<std::shared_ptr<SSL_CTX>> build(const Contents& contents) const {
    auto context = std::make_shared<Context>(TLS_server_method());
    SSL_CTX* ssl = context->ssl.get();
    static constexpr unsigned char kSessions[] = "watchword";
    if (ssl == nullptr || !set_policy(ssl) || SSL_CTX_set_session_id_context(ssl, kSessions, sizeof kSessions) != 1)
      return fail(Reason::internal, "OpenSSL refuses the TLS settings");
    SSL_CTX_set_num_tickets(ssl, 1);
    WW_CHECK(use_chain(ssl, contents.certificate, files.certificate));
    WW_CHECK(use_key(ssl, contents.key, files.key));
    if (!files.client_ca.empty()) {
      WW_CHECK(require_client_certificate(ssl, contents.client_ca, files.client_ca));
    }
    context->alpn = alpn;
    if (!alpn.empty()) SSL_CTX_set_alpn_select_cb(ssl, select_alpn, context.get());
    return share(context);
  }

  Files files;
  std::string alpn;
  mutable std::mutex mutex;  // guards what follows
  std::array<FileStamp, 3> seen;
  std::array<crypto::Sha256, 3> digests{};
  std::shared_ptr<SSL_CTX> in_force;
};

TlsServerContext::TlsServerContext(std::unique_ptr<State> state) : state_(std::move(state)) {}
TlsServerContext::~TlsServerContext() = default;

Result<std::shared_ptr<TlsServerContext>> TlsServerContext::make(Files files,
                                                                 const std::vector<std::string>& protocols) {
  auto state = std::make_unique<State>();
  state->files = std::move(files);
  WW_TRY(state->alpn, alpn_wire(protocols));
  std::shared_ptr<TlsServerContext> context(new TlsServerContext(std::move(state)));
  WW_CHECK(context->reload_if_changed());
  return context;
}

Result<bool> TlsServerContext::reload_if_changed() {
  const std::lock_guard lock(state_->mutex);
  const auto stamps = state_->stamps();
  if (state_->in_force && stamps == state_->seen) return false;
  WW_TRY(const State::Contents contents, state_->read());
  const auto digests = State::digest(contents);
  const bool changed = !state_->in_force || digests != state_->digests;
  if (changed) {
    WW_TRY(state_->in_force, state_->build(contents));
  }
  state_->seen = stamps;
  state_->digests = digests;
  return changed;
}

std::shared_ptr<ssl_ctx_st> TlsServerContext::current() const {
  const std::lock_guard lock(state_->mutex);
  return state_->in_force;
}

Result<std::shared_ptr<TlsClientContext>> TlsClientContext::make(Options options) {
  auto context = std::make_shared<Context>(TLS_client_method());
  SSL_CTX* ssl = context->ssl.get();
  if (ssl == nullptr || !set_policy(ssl)) return fail(Reason::internal, "OpenSSL refuses the TLS settings");
  SSL_CTX_set_verify(ssl, SSL_VERIFY_PEER, nullptr);
  if (options.ca_file.empty()) {
    SSL_CTX_set_default_verify_paths(ssl);
  } else if (SSL_CTX_load_verify_file(ssl, options.ca_file.c_str()) != 1) {
    return invalid(options.ca_file, "PEM certificates of authorities");
  }
  if (!options.certificate.empty()) {
    WW_TRY(const std::string chain, read_file(options.certificate));
    WW_CHECK(use_chain(ssl, chain, options.certificate));
    WW_TRY(std::string key, read_file(options.key));
    WW_CHECK(use_key(ssl, Secret(std::move(key)), options.key));
  }
  WW_TRY(std::string alpn, alpn_wire(options.protocols));
  return std::shared_ptr<TlsClientContext>(new TlsClientContext(std::move(options), std::move(alpn), share(context)));
}

Result<std::shared_ptr<TlsClientContext>> TlsClientContext::with_protocols(std::vector<std::string> protocols) const {
  Options options = options_;
  options.protocols = std::move(protocols);
  WW_TRY(std::string alpn, alpn_wire(options.protocols));
  return std::shared_ptr<TlsClientContext>(new TlsClientContext(std::move(options), std::move(alpn), context_));
}

}  // namespace watchword::net
