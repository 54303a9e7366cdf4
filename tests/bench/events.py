#!/usr/bin/env python3
"""The load of job_end_to_refusal: opens sessions, says "ready", waits for a line, sends job-end events at a rate, and asks with each
ended job's token how soon it is refused. events.py API GATEWAY ID_TOKENS SESSIONS RATE SECONDS; prints one JSON object."""

import asyncio
import gc
import json
import sys
import time
import urllib.parse

from rig import EXCHANGE_FORM, HOOK_TOKEN, HOST

WORKERS = 32
PROJECTS = 100  # those of the events that concern no session


def job_event(job, project=42):
    return json.dumps({"object_kind": "build", "build_id": job, "build_status": "success", "pipeline_id": 200_000, "project_id": project}).encode()


class Wire:
    """One keep-alive connection."""

    @classmethod
    async def to(cls, port):
        wire = cls()
        wire.reader, wire.writer = await asyncio.open_connection("127.0.0.1", port)
        return wire

    async def ask(self, method, path, headers, body=b""):
        lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), f"Content-Length: {len(body)}", "", ""]
        self.writer.write("\r\n".join(lines).encode() + body)
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(head.split("content-length: ")[1].split("\r\n")[0])
        return int(head.split(" ")[1]), await self.reader.readexactly(length)


async def each(items, count, work):
    """`work` on every item, by `count` workers."""
    left = iter(items)

    async def worker():
        for item in left:
            await work(item)

    await asyncio.gather(*(worker() for _ in range(count)))


class Load:
    def __init__(self, api, gateway):
        self.api, self.gateway = api, gateway
        self.tokens, self.free = [], []
        self.waits, self.not_accepted, self.let_through, self.late = [], 0, 0, 0.0

    async def open_sessions(self, id_tokens):
        wires = [await Wire.to(self.api) for _ in range(WORKERS)]

        async def exchange(item):
            number, token = item
            wire = wires.pop()
            form = urllib.parse.urlencode({**EXCHANGE_FORM, "subject_token": token}).encode()
            status, body = await wire.ask("POST", "/oauth/token", {"Host": "gate", "Content-Type": "application/x-www-form-urlencoded"}, form)
            if status != 200:
                sys.exit(f"no access token: {body.decode()}")
            self.tokens[number] = json.loads(body)["access_token"]
            wires.append(wire)

        self.tokens = [None] * len(id_tokens)
        await each(enumerate(id_tokens), WORKERS, exchange)
        self.free = [(await Wire.to(self.api), await Wire.to(self.gateway)) for _ in range(WORKERS)]

    async def refused_after(self, wire, number, accepted):
        """One request with the ended job's token, and more while it is let through."""
        while True:
            status, _ = await wire.ask("GET", "/v1/invoices", {"Host": HOST, "Authorization": f"Bearer {self.tokens[number]}"})
            if status == 401:
                return self.waits.append(time.perf_counter() - accepted)
            self.let_through += 1

    async def end_jobs(self, first_job, rate, seconds):
        """Every `stride`th event ends a session; so the sessions last as long as the events do."""
        count = rate * seconds
        stride = max(1, count // len(self.tokens))
        start = time.perf_counter()

        async def send(index):
            due = start + index / rate
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            self.late = max(self.late, time.perf_counter() - due)
            hook, proxied = self.free.pop()
            number = index // stride if index % stride == 0 and index // stride < len(self.tokens) else None
            event = job_event(9_000_000 + index, 1000 + index % PROJECTS) if number is None else job_event(first_job + number)
            status, body = await hook.ask("POST", "/hooks/gitlab", {"Host": "gate", "X-Gitlab-Token": HOOK_TOKEN, "X-Gitlab-Event": "System Hook", "Idempotency-Key": f"event-{index}"}, event)
            if status != 200 or b"applied" not in body:
                self.not_accepted += 1
            elif number is not None:
                await self.refused_after(proxied, number, time.perf_counter())
            self.free.append((hook, proxied))

        await each(range(count), WORKERS, send)
        return count, time.perf_counter() - start


async def main(api, gateway, file, sessions, rate, seconds):
    with open(file) as tokens:
        all_tokens = tokens.read().split()
    load = Load(int(api), int(gateway))
    await load.open_sessions(all_tokens[-int(sessions):])
    print("ready", flush=True)
    sys.stdin.readline()
    gc.collect()
    gc.disable()
    first_job = 1_000_000 + len(all_tokens) - int(sessions)  # as material.cc numbers them
    count, took = await load.end_jobs(first_job, int(rate), int(seconds))
    waits = sorted(load.waits)
    print(json.dumps({"events": count, "rate": count / took, "not_accepted": load.not_accepted, "ended": len(waits), "let_through": load.let_through,
                      "latest_s": load.late, "p50_ms": waits[len(waits) // 2] * 1e3, "p99_ms": waits[len(waits) * 99 // 100] * 1e3}))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
