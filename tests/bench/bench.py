#!/usr/bin/env python3
"""How fast, as ratios against a limit or a peer that is measured in the same run: bench.py BUILD_FOLDER [--json].

docs/performance.md says what each figure means. The gate and its peers have core 0, the load has core 1."""

import argparse
import base64
import functools
import http.client
import json
import os
import shutil
import socket
import statistics
import sys
import urllib.parse

import ext_authz
import job_start
import proxies
import streams
from events import PROJECTS, job_event
from figures import Report, middle, note, show
from rig import CONNECTIONS, EXCHANGE_FORM, HOOK_TOKEN, PROXY, BenchError, Rig

ROUNDS = 3
TOKENS_PER_ROUND, EXCHANGE_SECONDS = 20_000, 2
SESSIONS_IN_STORE = 100_000
IDLE_CONNECTIONS = 8_000
EVENTS_PER_ROUND = 30_000
OPEN_SESSIONS, ENDS_PER_SECOND = 10_000, 1_000
END_LIMIT_MS = 50


def exchange(rig, report, gate):
    note("exchange")
    rounds, ceilings = [], []
    for i in range(ROUNDS):
        crypto = rig.micro("crypto")
        ceilings.append(1e9 / (crypto["rs256_verify"] + crypto["es256_sign"]))
        rounds.append(rig.wrk(gate.api, EXCHANGE_SECONDS, "exchange.lua", rig.folder / "id_tokens", i * TOKENS_PER_ROUND, TOKENS_PER_ROUND, server=gate))
        if rounds[-1]["requests"] > TOKENS_PER_ROUND:
            note(f"  round {i}: more exchanges than tokens; {rounds[-1]['requests'] - TOKENS_PER_ROUND} were a job's second")
    show("exchange", rounds)
    ceiling = statistics.median(ceilings)
    against = "bare OpenSSL: RS256 verify + ES256 sign"
    report.add("exchange", middle(rounds), "requests/s", against, ceiling, [r["rate"] for r in rounds])
    report.add("exchange_cpu", middle(rounds, "cpu_us"), "us/request", against, 1e6 / ceiling)
    for name in ("p50", "p99"):
        report.add(f"exchange_{name}", middle(rounds, f"{name}_us") / 1e3, "ms", f"{against}, {CONNECTIONS} in turn", CONNECTIONS * 1e3 / ceiling)


def token_verify(rig, report):
    note("token_verify")
    crypto, token = rig.micro("crypto"), rig.micro("token")
    bare = 1e9 / crypto["rs256_verify"]
    report.add("token_verify", 1e9 / token["token_verify"], "tokens/s", "bare OpenSSL RS256 verify", bare)
    report.add("token_verify_cached", 1e9 / token["token_verify_cached"], "tokens/s", "bare OpenSSL RS256 verify", bare)


def access_tokens(rig, gate, count):
    """Of as many jobs, by exchanging the last of the ID tokens."""
    with open(rig.folder / "id_tokens") as file:
        id_tokens = file.read().split()[-count:]
    connection = http.client.HTTPConnection("127.0.0.1", gate.api, timeout=10)
    tokens = []
    for token in id_tokens:
        connection.request("POST", "/oauth/token", urllib.parse.urlencode({**EXCHANGE_FORM, "subject_token": token}),
                           {"Content-Type": "application/x-www-form-urlencoded"})
        answer = json.load(connection.getresponse())
        if "access_token" not in answer:
            raise BenchError(f"no access token: {answer}")
        tokens.append(answer["access_token"])
    return tokens


def introspect(rig, report, gate, tokens):
    note("introspect")
    basic = base64.b64encode(f"billing-backend:{rig.client_secret}".encode()).decode()
    headers = {"Authorization": f"Basic {basic}", "Content-Type": "application/x-www-form-urlencoded"}
    file = rig.requests_file("introspect", [("POST", "/oauth/introspect", headers, f"token={token}") for token in tokens])
    health = rig.requests_file("health", [("GET", "/healthz", {}, "")])
    rounds, plain = [], []
    for _ in range(ROUNDS):
        plain.append(rig.wrk(gate.api, 2, "requests.lua", health, server=gate))
        rounds.append(rig.wrk(gate.api, 2, "requests.lua", file, server=gate))
    show("healthz", plain)
    show("introspect", rounds)
    report.add("introspect", middle(rounds), "requests/s", "/healthz of the same gate", middle(plain), [r["rate"] for r in rounds])


def events_accepted(rig, report, gate):
    note("events_accepted")
    health = rig.requests_file("health", [("GET", "/healthz", {}, "")])
    rounds, plain = [], []
    for i in range(ROUNDS):
        events = [("POST", "/hooks/gitlab", {"X-Gitlab-Token": HOOK_TOKEN, "X-Gitlab-Event": "System Hook", "Idempotency-Key": f"round-{i}-{k}"},
                   job_event(20_000_000 + i * EVENTS_PER_ROUND + k, 1000 + k % PROJECTS).decode()) for k in range(EVENTS_PER_ROUND)]
        plain.append(rig.wrk(gate.api, 2, "requests.lua", health, server=gate))
        rounds.append(rig.wrk(gate.api, 2, "requests.lua", rig.requests_file(f"events-{i}", events), server=gate))
        if rounds[-1]["requests"] > EVENTS_PER_ROUND:
            note(f"  round {i}: {rounds[-1]['requests'] - EVENTS_PER_ROUND} events were known already")
    show("events_accepted", rounds)
    report.add("events_accepted", middle(rounds), "events/s", "/healthz of the same gate", middle(plain), [r["rate"] for r in rounds])


def job_end_to_refusal(rig, report, seconds):
    note(f"job_end_to_refusal, {seconds} s")
    gate = rig.gate("events", rig.folder / "jwks.json")  # no request reaches its backend
    result = rig.ended_jobs(gate, rig.folder / "id_tokens", OPEN_SESSIONS, ENDS_PER_SECOND, seconds)
    note(f"  {result['events']:,} events at {result['rate']:,.0f}/s, {result['not_accepted']} not accepted, latest {result['latest_s'] * 1e3:.1f} ms behind; "
         f"{result['ended']:,} jobs ended, {result['let_through']} requests let through after that; "
         f"memory {result['bytes_before'] / 1e6:.1f} MB before, {result['bytes_after'] / 1e6:.1f} MB after")
    if result["not_accepted"] or result["let_through"]:
        raise BenchError("an event was not accepted, or an ended job was let through")
    against = f"the limit of {END_LIMIT_MS} ms"
    report.add("job_end_to_refusal_p50", result["p50_ms"], "ms", against, END_LIMIT_MS)
    report.add("job_end_to_refusal", result["p99_ms"], "ms", against, END_LIMIT_MS)
    report.add("events_memory", result["bytes_after"] / 1e6, "MB", "before the events", result["bytes_before"] / 1e6)
    rig.stop(gate)


def decisions(rig, report):
    note("decide")
    rules = rig.micro("rules")
    for count in (10, 1_000, 10_000):
        name = f"decide_rules_{count}"
        report.add(name, rules[name], "ns", "decide_rules_10", rules["decide_rules_10"])
    sessions = rig.micro("sessions", 1_000, 1_000_000)
    note(f"  a session among 1,000,000 takes {sessions['session_bytes_1000000']:,} bytes")
    for count in (1_000, 1_000_000, "1000000_active"):
        name = f"decide_sessions_{count}"
        report.add(name, sessions[name], "ns", "decide_sessions_1000", sessions["decide_sessions_1000"])


def idle_bytes(server, port):
    """Memory of the server for each connection that has had an answer and stays open."""
    request = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    connections = []

    def open_some(count):
        for _ in range(count):
            connection = socket.create_connection(("127.0.0.1", port), 10)
            connection.sendall(request)
            if not connection.recv(4096).startswith(b"HTTP/1.1 200"):
                raise BenchError("an idle connection got no answer")
            connections.append(connection)

    try:
        open_some(100)  # what the first connections make is there for all
        before = server.resident_bytes()
        open_some(IDLE_CONNECTIONS)
        return (server.resident_bytes() - before) / IDLE_CONNECTIONS
    finally:
        for connection in connections:
            connection.close()


def memory_and_start(rig, report, token_bytes):
    note("memory and start")
    jwks = rig.folder / "jwks.json"
    rig.micro("fill", rig.folder / "full.db", SESSIONS_IN_STORE, core=None)
    starts, peer_starts, full_starts = [], [], []
    for i in range(ROUNDS):
        empty = rig.gate(f"empty-{i}", jwks)
        starts.append(empty.seconds_to_ready)
        empty_bytes = empty.resident_bytes()
        idle = idle_bytes(empty, empty.api) if i == 0 else idle
        rig.stop(empty)
        full = rig.gate(f"full-{i}", jwks, database=rig.folder / "full.db")
        full_starts.append(full.seconds_to_ready)
        session_bytes = (full.resident_bytes() - empty_bytes) / SESSIONS_IN_STORE
        rig.stop(full)
        shutil.rmtree(rig.folder / f"full-{i}")
        peer = rig.nginx(f"peer-{i}", PROXY, backend=1)
        peer_starts.append(peer.seconds_to_ready)
        peer_idle = idle_bytes(peer, peer.port) if i == 0 else peer_idle
        rig.stop(peer)
    report.add("memory_per_session", session_bytes, "bytes", "the ID token that opened it", token_bytes)
    report.add("memory_idle_connection", idle, "bytes", "nginx", peer_idle)
    start = statistics.median(starts)
    report.add("start_time", start * 1e3, "ms", "nginx", statistics.median(peer_starts) * 1e3, [s * 1e3 for s in starts])
    report.add(f"start_time_sessions_{SESSIONS_IN_STORE}", statistics.median(full_starts) * 1e3, "ms", "start_time", start * 1e3)


class Bench:
    """What the parts share; each server is there once a part has asked for it."""

    def __init__(self, rig, seconds):
        self.rig, self.report, self.seconds = rig, Report(), seconds
        note(f"minting {ROUNDS * TOKENS_PER_ROUND:,} ID tokens")
        self.minted = rig.micro("mint", rig.folder, ROUNDS * TOKENS_PER_ROUND, core=None)

    @functools.cached_property
    def backend(self):
        return self.rig.backend()

    @functools.cached_property
    def gate(self):
        return self.rig.gate("gate", self.rig.folder / "jwks.json", self.backend.port)

    @functools.cached_property
    def unrecorded(self):
        return self.rig.gate("unrecorded", self.rig.folder / "jwks.json", self.backend.port, records="off")

    @functools.cached_property
    def nginx(self):
        return self.rig.nginx("peer", PROXY, backend=self.backend.port)

    def tokens_of(self, gate, count):
        return access_tokens(self.rig, gate, count)

    def stop_shared(self):
        """Before what measures starts and memory."""
        for name in ("gate", "unrecorded", "nginx", "backend"):
            if server := self.__dict__.pop(name, None):
                self.rig.stop(server)

    def parts(self):
        """[(the names that its figures begin with, what makes them)], in this order."""
        rig, report = self.rig, self.report
        return [
            ("exchange", lambda: exchange(rig, report, self.gate)),
            ("token_verify", lambda: token_verify(rig, report)),
            ("introspect", lambda: introspect(rig, report, self.gate, self.tokens_of(self.gate, CONNECTIONS))),
            ("events_accepted", lambda: events_accepted(rig, report, self.gate)),
            ("decide", lambda: decisions(rig, report)),
            ("proxy_http1", lambda: proxies.http1(rig, report, self.gate, self.unrecorded, self.nginx, self.backend, self.tokens_of)),
            ("proxy_http2", lambda: proxies.http2(rig, report, self.unrecorded, self.nginx, self.backend, self.tokens_of(self.unrecorded, 1)[0])),
            ("grpc_unary", lambda: proxies.grpc_unary(rig, report, self.backend, self.tokens_of)),
            ("ext_authz_cached", lambda: ext_authz.cached(rig, report, self.unrecorded, self.tokens_of(self.unrecorded, 1)[0])),
            ("ext_authz_envoy", lambda: ext_authz.through_envoy(rig, report, self.unrecorded, self.backend, self.tokens_of(self.unrecorded, 1)[0])),
            ("ext_proc_envoy", lambda: ext_authz.held_through_envoy(rig, report, self.unrecorded, self.backend, self.tokens_of(self.unrecorded, 1)[0])),
            ("ext_authz_uncached", lambda: ext_authz.uncached(rig, report, self.unrecorded)),
            ("streams", lambda: (self.stop_shared(), streams.run(rig, report, self.tokens_of))),
            ("job_end_to_refusal", lambda: (self.stop_shared(), job_end_to_refusal(rig, report, self.seconds))),
            ("job_start", lambda: job_start.run(rig, report)),
            ("memory", lambda: (self.stop_shared(), memory_and_start(rig, report, self.minted["bytes_each"]))),
        ]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("build", help="a release build, such as build/release")
    parser.add_argument("--event-seconds", type=int, default=60, metavar="N", help="how long job-end events are sent (default: %(default)s)")
    parser.add_argument("--only", default="", metavar="NAME", help="the parts whose names hold this, such as proxy, ext_authz, streams or memory")
    parser.add_argument("--json", action="store_true", help="print a list of {name, value, unit, against, ratio}")
    options = parser.parse_args()
    if (os.cpu_count() or 1) < 2:
        sys.exit("bench.py: two cores are needed, one for the server and one for the load")
    for tool in ("wrk", "h2load", "nginx", "taskset"):
        if not shutil.which(tool):
            sys.exit(f"bench.py: {tool} is not installed; ./dev bench installs it")
    try:
        with Rig(options.build) as rig:
            bench = Bench(rig, options.event_seconds)
            chosen = [part for name, part in bench.parts() if options.only in name]
            if not chosen:
                sys.exit(f"bench.py: no part is called {options.only}")
            for part in chosen:
                part()
    except BenchError as error:
        sys.exit(f"bench.py: {error}")
    report = bench.report
    print(json.dumps(report.results, indent=2) if options.json else report.table())


if __name__ == "__main__":
    main()
