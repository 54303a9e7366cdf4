#include "support/certificates.h"

#include <arpa/inet.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>

namespace watchword::testing {

namespace {

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Cert = std::unique_ptr<X509, decltype(&X509_free)>;

void must(bool done) {
  if (!done) std::abort();
}

template <class Write>
std::string to_pem(Write write) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> bio(BIO_new(BIO_s_mem()), &BIO_free);
  must(write(bio.get()) == 1);
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

std::string to_pem(X509* certificate) {
  return to_pem([&](BIO* bio) { return PEM_write_bio_X509(bio, certificate); });
}

void add_extension(X509* certificate, X509* issuer, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const std::unique_ptr<X509_EXTENSION, decltype(&X509_EXTENSION_free)> extension(
      X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str()), &X509_EXTENSION_free);
  must(extension && X509_add_ext(certificate, extension.get(), -1) == 1);
}

Cert make(const CertificateRequest& request, EVP_PKEY* key) {
  Cert certificate(X509_new(), &X509_free);
  std::uint32_t serial = 0;
  must(RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial) == 1);
  must(X509_set_version(certificate.get(), X509_VERSION_3) == 1);
  must(ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate.get()), serial) == 1);
  must(X509_gmtime_adj(X509_getm_notBefore(certificate.get()), request.valid_from_seconds) != nullptr);
  must(X509_gmtime_adj(X509_getm_notAfter(certificate.get()), request.valid_to_seconds) != nullptr);
  must(X509_set_pubkey(certificate.get(), key) == 1);
  X509_NAME* subject = X509_get_subject_name(certificate.get());
  must(X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
                                  reinterpret_cast<const unsigned char*>(request.name.c_str()), -1, -1, 0) == 1);
  return certificate;
}

std::string alternative_names(const std::vector<std::string>& hosts) {
  std::string all;
  for (const std::string& host : hosts) {
    in6_addr parsed{};
    const bool ip = inet_pton(AF_INET, host.c_str(), &parsed) == 1 || inet_pton(AF_INET6, host.c_str(), &parsed) == 1;
    all += (all.empty() ? "" : ",") + std::string(ip ? "IP:" : "DNS:") + host;
  }
  return all;
}

Key new_key() {
  Key key(EVP_EC_gen("P-256"), &EVP_PKEY_free);
  must(key != nullptr);
  return key;
}

}  // namespace

struct CertificateAuthority::State {
  Key key = new_key();
  Cert certificate{nullptr, &X509_free};
};

CertificateAuthority::CertificateAuthority(const std::string& name) : state_(std::make_unique<State>()) {
  state_->certificate = make({.name = name}, state_->key.get());
  X509* certificate = state_->certificate.get();
  must(X509_set_issuer_name(certificate, X509_get_subject_name(certificate)) == 1);
  add_extension(certificate, certificate, NID_basic_constraints, "critical,CA:TRUE");
  add_extension(certificate, certificate, NID_key_usage, "critical,keyCertSign");
  add_extension(certificate, certificate, NID_subject_key_identifier, "hash");
  must(X509_sign(certificate, state_->key.get(), EVP_sha256()) > 0);
}

CertificateAuthority::~CertificateAuthority() = default;

Certificate CertificateAuthority::issue(const CertificateRequest& request) const {
  const Key key = new_key();
  const Cert certificate = make(request, key.get());
  X509* authority = state_->certificate.get();
  must(X509_set_issuer_name(certificate.get(), X509_get_subject_name(authority)) == 1);
  add_extension(certificate.get(), authority, NID_basic_constraints, "critical,CA:FALSE");
  add_extension(certificate.get(), authority, NID_authority_key_identifier, "keyid");
  if (!request.hosts.empty())
    add_extension(certificate.get(), authority, NID_subject_alt_name, alternative_names(request.hosts));
  must(X509_sign(certificate.get(), state_->key.get(), EVP_sha256()) > 0);
  return {.certificate = to_pem(certificate.get()), .key = to_pem([&](BIO* bio) {
                                                      return PEM_write_bio_PrivateKey(bio, key.get(), nullptr, nullptr,
                                                                                      0, nullptr, nullptr);
                                                    })};
}

std::string CertificateAuthority::pem() const { return to_pem(state_->certificate.get()); }

void write_text(const std::string& path, const std::string& text) {
  const std::string fresh = path + ".new";
  std::ofstream(fresh, std::ios::binary) << text;
  must(std::rename(fresh.c_str(), path.c_str()) == 0);
}

}  // namespace watchword::testing
