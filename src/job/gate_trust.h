// Which authorities vouch for the gate, and what to do when its certificate, or the way to it, is not right.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "http/client.h"
#include "net/tls.h"

namespace watchword::job {

// The file of authorities towards the gate: `ca` (--ca), else $WATCHWORD_CA; empty: OpenSSL's own. Unless
// $SSL_CERT_FILE or $SSL_CERT_DIR say where those are, the bundle of the distribution, as a static OpenSSL may look
// elsewhere. usage_invalid for a variable that holds the certificate itself.
Result<std::string> authorities_file(const std::string& ca);

// The settings of TLS towards a gate; null for http. usage_invalid for http beyond loopback; config_invalid with the
// file that holds no authorities.
Result<std::shared_ptr<net::TlsClientContext>> tls_towards(const http::Origin& gate, const std::string& ca);

// What stood between the client and the gate (errors of http::Client), with the fix for exactly that: gate_untrusted
// for TLS, else gate_unreachable.
Error gate_trouble(const Error& error, const http::Origin& gate);

}  // namespace watchword::job
