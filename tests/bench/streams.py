"""Streams that stay: what each takes in memory, and how soon one event of GitLab cuts all of them."""

import contextlib
import json
import statistics
import subprocess
import sys

from figures import note
from rig import GRPC_PROXY, HELD_JOBS, HELD_SINGLES, HERE, LOAD_CORE, STREAMS_POLICY, BenchError, free_port

STREAMS = 10_000
ALL_LIMIT_MS, ONE_LIMIT_MS = 1_000, 5
RESERVED_FILES = 2_000  # of a process that holds both ends of each WebSocket, for all else


@contextlib.contextmanager
def held(rig, kind, server, port, backend_port, count, tokens, first_job=0, api=0):
    """Streams through `server` while the body runs; yields (bytes each, a function that ends them and says how long that took)."""
    command = ["taskset", "-c", LOAD_CORE, sys.executable, HERE / "hold.py", *map(str, (kind, count, port, backend_port, tokens, first_job, api))]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as load:

        def expect(line):
            if load.stdout.readline() != line + "\n":
                raise BenchError(f"hold.py: no {count} streams of {kind}")

        def cut():
            output, _ = load.communicate("\n", timeout=120)
            if not output:
                raise BenchError("hold.py: the streams were not cut")
            return json.loads(output)

        try:
            expect("warm")
            before = server.resident_bytes()
            load.stdin.write("\n")
            load.stdin.flush()
            expect("open")
            yield (server.resident_bytes() - before) / count, cut
        finally:
            load.kill()


def measure(rig, kind, tokens_of):
    """(streams, bytes each, bytes each in nginx, what cut() said)."""
    count = STREAMS if kind == "grpc" else min(STREAMS, (rig.files - RESERVED_FILES) // 2)
    jobs = HELD_SINGLES + HELD_JOBS
    backend_port, jwks = free_port(), rig.folder / "jwks.json"
    nginx = rig.nginx(f"{kind}-nginx", GRPC_PROXY, backend=backend_port)
    tokens = rig.folder / f"{kind}_tokens"
    tokens.write_text("none\n" * jobs)
    with held(rig, kind, nginx, nginx.http2 if kind == "grpc" else nginx.port, backend_port, count, tokens) as (theirs, _):
        pass
    rig.stop(nginx)
    backend_port = free_port()
    gate = rig.gate(f"{kind}-gate", jwks, backend_port, policy=STREAMS_POLICY)
    tokens.write_text("\n".join(tokens_of(gate, jobs)))
    with open(rig.folder / "id_tokens") as file:
        first_job = 1_000_000 + sum(1 for _ in file) - jobs  # as material.cc numbers them, and tokens_of() takes the last
    with held(rig, kind, gate, gate.gateway, backend_port, count, tokens, first_job, gate.api) as (ours, cut):
        took = cut()
    rig.stop(gate)
    note(f"  {kind}: {count:,} streams, {ours:,.0f} bytes each, {theirs:,.0f} in nginx; all cut in {took['all_ms']:.0f} ms, "
         f"one in {statistics.median(took['one_ms']):.1f} ms, at most {max(took['one_ms']):.1f} ms")
    return count, ours, theirs, took


def run(rig, report, tokens_of):
    note("streams")
    _, ours, theirs, took = measure(rig, "grpc", tokens_of)
    nginx, limit = "nginx as plain proxy, which opens a connection to the backend for each", f"the limit of {ALL_LIMIT_MS} ms"
    report.add("memory_per_stream", ours, "bytes", nginx, theirs)
    report.add("cut_10000_streams", took["all_ms"], "ms", limit, ALL_LIMIT_MS)
    report.add("cut_one_stream", statistics.median(took["one_ms"]), "ms", f"the limit of {ONE_LIMIT_MS} ms", ONE_LIMIT_MS)
    count, ours, theirs, took = measure(rig, "websocket", tokens_of)
    if count < STREAMS:
        note(f"  {count:,} WebSockets only, as a process may have {rig.files:,} files open here")
    report.add("memory_per_websocket", ours, "bytes", "nginx as plain proxy", theirs)
    report.add("cut_websockets", took["all_ms"], "ms", f"{limit} for 10,000; here {count:,}", ALL_LIMIT_MS)
