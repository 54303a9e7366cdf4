"""Figures over HTTP/2, with h2load: the proxy, and the answers to Envoy."""

import statistics

from figures import middle, note, show
from rig import HOST, BenchError

SECONDS = 3
ROUNDS = 3
CHECK = "/envoy.service.auth.v3.Authorization/Check"


def proxy_http2(rig, report, gate, peer, token):
    """Requests are not recorded, as the peer records none."""
    note("proxy_http2")
    headers = {":authority": HOST, "authorization": f"Bearer {token}"}
    theirs, ours = [], []
    for _ in range(ROUNDS):
        theirs.append(rig.h2load(peer.http2, "/v1/invoices", headers, SECONDS, server=peer))
        ours.append(rig.h2load(gate.gateway, "/v1/invoices", headers, SECONDS, server=gate))
    show("nginx", theirs)
    show("gate", ours)
    report.add("proxy_http2", middle(ours), "requests/s", "nginx as plain proxy", middle(theirs), [r["rate"] for r in ours])


def field(number, value):
    """One length-delimited field of protocol buffers."""
    value = value.encode() if isinstance(value, str) else value
    size, length = len(value), b""
    while size > 127:
        length, size = length + bytes([size & 127 | 128]), size >> 7
    return bytes([number << 3 | 2]) + length + bytes([size]) + value


def check_request(token):
    """What Envoy asks for one GET (envoy.service.auth.v3.CheckRequest), as the body of a gRPC call."""
    headers = {":method": "GET", ":path": "/v1/invoices", ":authority": HOST, ":scheme": "https", "accept": "*/*",
               "user-agent": "curl/8", "x-forwarded-proto": "https", "authorization": f"Bearer {token}"}
    pairs = b"".join(field(3, field(1, name) + field(2, value)) for name, value in headers.items())
    http = field(1, "1") + field(2, "GET") + pairs + field(4, "/v1/invoices") + field(5, HOST) + field(6, "https") + field(10, "HTTP/1.1")
    extension = field(10, field(1, "watchword.resource") + field(2, "billing-api"))
    message = field(1, field(4, field(2, http)) + extension)
    return b"\0" + len(message).to_bytes(4, "big") + message


def ext_authz(rig, report, gate, token):
    note("ext_authz_cached")
    body = rig.folder / "check"
    body.write_bytes(check_request(token))
    ceiling = statistics.median(1e9 / rig.micro("crypto")["rs256_verify"] for _ in range(ROUNDS))
    headers = {"content-type": "application/grpc", "te": "trailers"}
    rounds = []
    for _ in range(ROUNDS):
        before = gate.metric('watchword_envoy_checks_total{decision="allow"}')
        rounds.append(rig.h2load(gate.ext_authz, CHECK, headers, SECONDS, server=gate, body=body))
        allowed = gate.metric('watchword_envoy_checks_total{decision="allow"}') - before
        if allowed < rounds[-1]["requests"]:
            raise BenchError(f"of {rounds[-1]['requests']} checks {allowed:.0f} were allowed")
    show("ext_authz", rounds)
    report.add("ext_authz_cached", middle(rounds), "checks/s", "bare OpenSSL RS256 verify", ceiling, [r["rate"] for r in rounds])
