// When certificates begin and end.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace watchword::net {

struct CertificateDates {
  std::string subject;  // RFC 2253, as the certificate writes it: escape it where it is printed
  Time from, until;
};
// Of each certificate of a PEM text, in its order; none is config_invalid.
Result<std::vector<CertificateDates>> certificate_dates(std::string_view pem);

}  // namespace watchword::net
