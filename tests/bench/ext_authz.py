"""Answers to Envoy: how many Checks a second, how soon, and what a request through Envoy waits longer for."""

import statistics

import envoys
from check import CHECK, PROCESS, TRIVIAL_ALLOW, TRIVIAL_PASS, check_request
from figures import middle, note, show
from rig import HOST, BenchError

SECONDS, ROUNDS = 3, 3
GRPC = {"content-type": "application/grpc", "te": "trailers"}
CACHED_RATE, UNCACHED_RATE, RATE_SECONDS = 10_000, 5_000, 2
UNCACHED_JOBS, UNCACHED_PER_ROUND = 64, 20_000
ENVOY_RATE, ENVOY_SECONDS, ENVOY_LIMIT_MS = 1_000, 3, 0.15
ALLOWED = 'watchword_envoy_checks_total{decision="allow"}'


def floor(rig):
    """Verifications of an access token a second, with bare OpenSSL: the gate signs them with ES256."""
    return statistics.median(1e9 / rig.micro("crypto")["es256_verify"] for _ in range(ROUNDS))


def all_allowed(gate, before, asked):
    allowed = gate.metric(ALLOWED) - before
    if allowed < asked:
        raise BenchError(f"of {asked} checks {allowed:.0f} were allowed")


def cached(rig, report, gate, token):
    note("ext_authz_cached")
    body, tokens = rig.folder / "check", rig.folder / "one_token"
    body.write_bytes(check_request(token))
    tokens.write_text(token + "\n")
    rounds, limit = [], floor(rig)
    for _ in range(ROUNDS):
        before = gate.metric(ALLOWED)
        rounds.append(rig.h2load(gate.ext_authz, CHECK, GRPC, SECONDS, server=gate, body=body))
        all_allowed(gate, before, rounds[-1]["requests"])
    show("ext_authz", rounds)
    against = "bare OpenSSL ES256 verify"
    report.add("ext_authz_cached", middle(rounds), "checks/s", against, limit, [r["rate"] for r in rounds])
    report.add("ext_authz_cached_cpu", middle(rounds, "cpu_us"), "us/check", against, 1e6 / limit)
    at_rate(rig, report, gate, "ext_authz_cached", tokens, 0, 1, CACHED_RATE, limit)


def uncached(rig, report, gate):
    """Each check carries a token that the gate has made and never seen since."""
    note("ext_authz_uncached")
    tokens = rig.folder / "unseen_tokens"
    checks = UNCACHED_RATE * RATE_SECONDS
    exchanged = rig.wrk(gate.api, 1, "exchange.lua", rig.folder / "id_tokens", 0, UNCACHED_JOBS, tokens, server=gate)
    seconds = 1 + int((ROUNDS * UNCACHED_PER_ROUND + checks) / exchanged["rate"] * 1.3)
    rig.wrk(gate.api, seconds, "exchange.lua", rig.folder / "id_tokens", 0, UNCACHED_JOBS, tokens, server=gate)
    with open(tokens) as file:
        there = sum(1 for _ in file)
    each = min(UNCACHED_PER_ROUND, (there - checks) // ROUNDS)
    if each < UNCACHED_PER_ROUND:
        note(f"  {each} tokens in each round: the exchanges were slow")
    rounds, limit = [], floor(rig)
    for i in range(ROUNDS):
        rounds.append(asked(rig, gate, tokens, i * each, each, each, 0))
    show("ext_authz, a new token each time", rounds)
    against = "bare OpenSSL ES256 verify"
    report.add("ext_authz_uncached", middle(rounds), "checks/s", against, limit, [r["rate"] for r in rounds])
    report.add("ext_authz_uncached_cpu", middle(rounds, "cpu_us"), "us/check", against, 1e6 / limit)
    at_rate(rig, report, gate, "ext_authz_uncached", tokens, ROUNDS * each, checks, UNCACHED_RATE, limit)


def asked(rig, gate, tokens, first, count, checks, rate):
    before = gate.metric(ALLOWED)
    result = rig.load("checks.py", gate.ext_authz, tokens, first, count, checks, rate, server=gate)
    all_allowed(gate, before, result["requests"])
    return result


def at_rate(rig, report, gate, name, tokens, first, count, rate, limit):
    result = asked(rig, gate, tokens, first, count, rate * RATE_SECONDS, rate)
    if result["rate"] < 0.95 * rate:
        note(f"  {name}: {result['rate']:,.0f} checks/s of {rate:,}: the times are those of a queue")
    for part in ("p50", "p99"):
        report.add(f"{name}_{part}", result[f"{part}_us"] / 1e3, "ms", f"one ES256 verify; at {rate:,} checks/s", 1e3 / limit)


def through_envoy(rig, report, gate, backend, token, name="ext_authz_envoy", with_filter=envoys.with_ext_authz):
    """The same Envoy and configuration, but for whom it asks; gate, Envoy and trivial server share the server core."""
    note(name)
    if not envoys.path_of(rig):
        return note("  left out: no Envoy among the test parts")
    for path, answer in ((CHECK, TRIVIAL_ALLOW), (PROCESS, TRIVIAL_PASS)):
        file = rig.folder / "www-check" / path[1:]
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(answer)
    trivial = rig.nginx("trivial", TRIVIAL)
    headers = {":authority": HOST, "authorization": f"Bearer {token}"}
    ours = with_filter(rig, f"{name}-gate", backend.port, gate.ext_authz)
    theirs = with_filter(rig, f"{name}-trivial", backend.port, trivial.http2)
    times, before = {ours: [], theirs: []}, gate.metric(ALLOWED)
    for _ in range(ROUNDS):
        for envoy in (theirs, ours):
            times[envoy].append(rig.h2load_at(envoy.port, "/v1/invoices", headers, ENVOY_RATE, ENVOY_SECONDS))
    all_allowed(gate, before, round(sum(times_of["rate"] for times_of in times[ours]) * ENVOY_SECONDS))
    for envoy in (ours, theirs):
        rig.stop(envoy)
    rig.stop(trivial)
    p50 = {envoy: middle(rounds, "p50_us") / 1e3 for envoy, rounds in times.items()}
    p99 = {envoy: middle(rounds, "p99_us") / 1e3 for envoy, rounds in times.items()}
    against = f"the same Envoy asking a trivial server; at {ENVOY_RATE:,} requests/s"
    report.add(f"{name}_p50", p50[ours], "ms", against, p50[theirs])
    report.add(f"{name}_p99", p99[ours], "ms", against, p99[theirs])
    report.add(f"{name}_added", p50[ours] - p50[theirs], "ms", f"the limit of {ENVOY_LIMIT_MS} ms", ENVOY_LIMIT_MS)
    return None


def held_through_envoy(rig, report, gate, backend, token):
    """With ext_proc, as `envoy config` renders it. The trivial server passes everything and holds nothing."""
    return through_envoy(rig, report, gate, backend, token, "ext_proc_envoy", envoys.with_ext_proc)


TRIVIAL = """
  server {{ listen 127.0.0.1:{port}; location = /healthz {{ return 200 "ok"; }} }}
  server {{
    listen 127.0.0.1:{http2} http2;
    root {folder}/www-check; default_type application/grpc; add_trailer grpc-status 0;
    error_page 405 =200 $uri;
  }}
"""
