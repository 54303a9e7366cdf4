#include "job/gate_trust.h"

#include <unistd.h>

#include <array>
#include <cstdlib>
#include <string_view>
#include <utility>

#include "base/text.h"

namespace watchword::job {
namespace {

bool is_set(const char* variable) {
  const char* value = std::getenv(variable);
  return value != nullptr && *value != '\0';
}

// Debian and Alpine; Fedora and its kin; OpenBSD and Alpine's libressl.
constexpr std::array<const char*, 3> kBundles{"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt",
                                              "/etc/ssl/cert.pem"};

bool contains(std::string_view text, std::string_view part) {
  return ascii_lower(text).find(part) != std::string::npos;
}

std::string name_of(const http::Origin& gate) { return gate.scheme + "://" + gate.authority; }

std::string fix_of_certificate(std::string_view found, const http::Origin& gate) {
  if (contains(found, "issuer certificate") || contains(found, "self-signed") || contains(found, "self signed") ||
      contains(found, "unable to verify"))
    return "its authority is not known here: set WATCHWORD_CA, or --ca, to the PEM file of the CA that issued it";
  if (contains(found, "expired"))
    return "renew the gate's certificate; if it is good, set the clock of this machine right";
  if (contains(found, "not yet valid")) return "set the clock of this machine right, or that of the gate's CA";
  if (contains(found, "mismatch"))
    return "use a name that the certificate is for in WATCHWORD_URL, or --gate; or have it issued for " +
           std::string(gate.address.host);
  return "check that " + name_of(gate) +
         " is the gate, and speaks TLS; for a private CA set WATCHWORD_CA, or --ca, to its PEM file";
}

bool is_about_names(std::string_view found) {
  return contains(found, "dns") || contains(found, "domain name") || contains(found, "name service");
}

// Whether the trouble was with a proxy on the way, or at it.
bool is_about_a_proxy(const Error& error, const http::Origin& gate) {
  return contains(error.found, "proxy") || (!error.where.empty() && error.where != net::to_string(gate.address));
}

std::string fix_of_way(const Error& error, const http::Origin& gate) {
  if (is_about_a_proxy(error, gate))
    return "check HTTPS_PROXY; or, if " + gate.address.host + " is reached without a proxy, name it in NO_PROXY";
  if (is_about_names(error.found))
    return "check the host name in WATCHWORD_URL, or --gate, and the name service (DNS) of this runner";
  if (error.reason == Reason::upstream_timeout)
    return "check that this runner may reach " + gate.authority + " (firewall, route), and how busy the gate is";
  if (contains(error.found, "refused")) return "check the port in WATCHWORD_URL, or --gate, and that the gate runs";
  if (contains(error.found, "closed"))
    return "check what stands in front of the gate: it took the connection and closed it without an answer";
  if (contains(error.found, "unreachable")) return "check that this runner has a route to " + gate.authority;
  return "check the address in WATCHWORD_URL, or --gate, and that the gate runs";
}

}  // namespace

Result<std::string> authorities_file(const std::string& ca) {
  const char* variable = std::getenv("WATCHWORD_CA");
  std::string file = !ca.empty() ? ca : variable != nullptr ? variable : "";
  if (file.find("-----BEGIN") != std::string::npos)
    return std::unexpected(Error{Reason::usage_invalid,
                                 "a certificate itself",
                                 "the name of a PEM file in WATCHWORD_CA, or --ca",
                                 {},
                                 "in GitLab make WATCHWORD_CA a variable of type File"});
  if (!file.empty() || is_set("SSL_CERT_FILE") || is_set("SSL_CERT_DIR")) return file;
  for (const char* bundle : kBundles)
    if (::access(bundle, R_OK) == 0) return std::string(bundle);
  return file;
}

Result<std::shared_ptr<net::TlsClientContext>> tls_towards(const http::Origin& gate, const std::string& ca) {
  if (gate.scheme == "https") {
    WW_TRY(auto file, authorities_file(ca));
    return net::TlsClientContext::make({.ca_file = std::move(file)});
  }
  if (!gate.address.loopback())
    return std::unexpected(Error{Reason::usage_invalid,
                                 "http://" + gate.authority,
                                 "https, or http on loopback",
                                 {},
                                 "write https:// in WATCHWORD_URL, or --gate: a token must not travel in plain"});
  return nullptr;
}

Error gate_trouble(const Error& error, const http::Origin& gate) {
  if (!gate.address.unix_path.empty()) return {Reason::gate_unreachable, to_string(error), {}, {}, {}};
  if (error.reason == Reason::upstream_tls_failed)
    return {Reason::gate_untrusted, error.found, error.expected, name_of(gate), fix_of_certificate(error.found, gate)};
  const bool slow = error.reason == Reason::upstream_timeout || error.reason == Reason::http_timeout;
  if (error.reason == Reason::upstream_malformed || error.reason == Reason::http_malformed ||
      error.reason == Reason::http_too_large)
    return {Reason::gate_unreachable, "an answer that is not HTTP as a gate speaks it: " + error.found,
            "an answer of a gate", name_of(gate), "check the address, and what stands in front of the gate"};
  auto found = error.found;
  if (is_about_a_proxy(error, gate)) found += ", by way of the proxy " + error.where;
  return {Reason::gate_unreachable, std::move(found), slow ? "an answer in time" : "an answer", name_of(gate),
          fix_of_way(error, gate)};
}

}  // namespace watchword::job
