"""The built-in gateway on one core, and others as plain proxies or verifying the same token: HTTP/1.1, HTTP/2, gRPC."""

import envoys
from check import message
from figures import middle, note, show
from rig import CONNECTIONS, GRPC_HOST, GRPC_PATH, GRPC_PROXY, HOST, STREAMS_POLICY, BenchError

ROUNDS, SECONDS = 3, 3
ALLOWED = 'watchword_requests_total{decision="allow"}'
NGINX = "nginx as plain proxy"
NGINX_FAILING = 0.001  # its backend answers before it has read the call, of which nginx makes a 502 now and then
ENVOYS = {"envoy": "Envoy as plain proxy", "envoy_jwt": "Envoy with jwt_authn", "envoy_jwt_cached": "Envoy with jwt_authn and its cache"}


def envoy_peers(rig, gate, backend):
    """{name: server}; those of Envoy are left out where it is not there. They verify tokens of `gate`."""
    if not envoys.path_of(rig):
        note("  without Envoy: it is not among the test parts")
        return {}
    return {"envoy": envoys.proxy(rig, "envoy", backend),
            "envoy_jwt": envoys.proxy(rig, "envoy_jwt", backend, envoys.jwt_authn(gate, cached=False)),
            "envoy_jwt_cached": envoys.proxy(rig, "envoy_jwt_cached", backend, envoys.jwt_authn(gate, cached=True))}


def in_turns(servers, load):
    """{name: rounds}, all in turn in each round."""
    rounds = {name: [] for name in servers}
    for _ in range(ROUNDS):
        for name, server in servers.items():
            rounds[name].append(load(name, server))
    for name, results in rounds.items():
        show(name, results)
    return rounds


def against_envoys(report, name, ours, rounds):
    """Those who record nothing, as Envoy does."""
    for peer, against in ENVOYS.items():
        if peer in rounds:
            report.add(f"{name}_to_{peer}", middle(ours), "requests/s", against, middle(rounds[peer]))
            report.add(f"{name}_to_{peer}_cpu", middle(ours, "cpu_us"), "us/request", against, middle(rounds[peer], "cpu_us"))


def http1(rig, report, gate, unrecorded, nginx, backend, tokens_of):
    note("proxy_http1")
    files = {}
    for server in (gate, unrecorded):
        requests = [("GET", "/v1/invoices", {"Host": HOST, "Authorization": f"Bearer {token}"}, "") for token in tokens_of(server, CONNECTIONS)]
        files[server] = rig.requests_file(f"proxied-{server.gateway}", requests)
    peers = envoy_peers(rig, unrecorded, backend.port)
    servers = {"nginx": nginx, "gate": gate, "gate, requests not recorded": unrecorded} | peers

    def load(name, server):
        port = server.gateway if server in files else server.port
        return rig.wrk(port, SECONDS, "requests.lua", files.get(server, files[unrecorded]), server=server)

    rounds = in_turns(servers, load)
    for peer in peers.values():
        rig.stop(peer)
    ours, without, theirs = rounds["gate"], rounds["gate, requests not recorded"], rounds["nginx"]
    report.add("proxy_http1", middle(ours), "requests/s", NGINX, middle(theirs), [r["rate"] for r in ours])
    report.add("proxy_http1_cpu", middle(ours, "cpu_us"), "us/request", NGINX, middle(theirs, "cpu_us"))
    report.add("proxy_http1_unrecorded", middle(without), "requests/s", NGINX, middle(theirs), [r["rate"] for r in without])
    against_envoys(report, "proxy_http1_unrecorded", without, rounds)


def http2(rig, report, unrecorded, nginx, backend, token):
    """Requests are not recorded, as the peers record none."""
    note("proxy_http2")
    headers = {":authority": HOST, "authorization": f"Bearer {token}"}
    peers = envoy_peers(rig, unrecorded, backend.port)

    def load(_, server):
        port = server.gateway if server is unrecorded else server.http2
        return rig.h2load(port, "/v1/invoices", headers, SECONDS, server=server)

    rounds = in_turns({"nginx": nginx, "gate": unrecorded} | peers, load)
    for peer in peers.values():
        rig.stop(peer)
    report.add("proxy_http2", middle(rounds["gate"]), "requests/s", NGINX, middle(rounds["nginx"]), [r["rate"] for r in rounds["gate"]])
    report.add("proxy_http2_cpu", middle(rounds["gate"], "cpu_us"), "us/request", NGINX, middle(rounds["nginx"], "cpu_us"))
    against_envoys(report, "proxy_http2", rounds["gate"], rounds)


def grpc_unary(rig, report, backend, tokens_of):
    """Calls with a message of 100 bytes, answered with one of 1,000; HTTP/2 on both sides."""
    note("grpc_unary")
    gate = rig.gate("grpc", rig.folder / "jwks.json", backend.http2, records="off", policy=STREAMS_POLICY)
    nginx = rig.nginx("grpc-nginx", GRPC_PROXY, backend=backend.http2)
    body = rig.folder / "call"
    body.write_bytes(message(b"\n\x62" + b"x" * 98))
    headers = {":authority": GRPC_HOST, "content-type": "application/grpc", "te": "trailers", "authorization": f"Bearer {tokens_of(gate, 1)[0]}"}

    def load(_, server):
        port = server.gateway if server is gate else server.http2
        before = gate.metric(ALLOWED)
        failing = NGINX_FAILING if server is nginx else 0.0
        result = rig.h2load(port, GRPC_PATH, headers, SECONDS, server=server, body=body, failing=failing)
        if server is gate and gate.metric(ALLOWED) - before < result["requests"]:
            raise BenchError("a call was not allowed")
        return result

    rounds = in_turns({"nginx": nginx, "gate": gate}, load)
    for server in (gate, nginx):
        rig.stop(server)
    report.add("grpc_unary", middle(rounds["gate"]), "requests/s", NGINX, middle(rounds["nginx"]), [r["rate"] for r in rounds["gate"]])
    report.add("grpc_unary_cpu", middle(rounds["gate"], "cpu_us"), "us/request", NGINX, middle(rounds["nginx"], "cpu_us"))
