#include "net/certificate_dates.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <ctime>
#include <memory>
#include <optional>

namespace watchword::net {
namespace {

using BioHandle = std::unique_ptr<BIO, decltype(&BIO_free)>;
using CertificateHandle = std::unique_ptr<X509, decltype(&X509_free)>;

std::optional<Time> time_of(const ASN1_TIME* asn1) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(asn1, &parts) != 1) return std::nullopt;
  return from_unix(timegm(&parts));
}

std::string subject_of(const X509* certificate) {
  const BioHandle out(BIO_new(BIO_s_mem()), &BIO_free);
  X509_NAME_print_ex(out.get(), X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253);
  const char* text = nullptr;
  const auto size = BIO_get_mem_data(out.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

}  // namespace

Result<std::vector<CertificateDates>> certificate_dates(std::string_view pem) {
  const BioHandle in(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), &BIO_free);
  std::vector<CertificateDates> all;
  while (true) {
    const CertificateHandle certificate(PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr), &X509_free);
    if (!certificate) break;
    const auto from = time_of(X509_get0_notBefore(certificate.get()));
    const auto until = time_of(X509_get0_notAfter(certificate.get()));
    if (!from || !until) return fail(Reason::config_invalid, "a certificate with a date that is none");
    all.push_back({subject_of(certificate.get()), *from, *until});
  }
  ERR_clear_error();
  if (all.empty()) return fail(Reason::config_invalid, "no certificate", "a certificate in PEM");
  return all;
}

}  // namespace watchword::net
