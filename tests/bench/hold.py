#!/usr/bin/env python3
"""Opens streams that stay, and their backend: hold.py KIND COUNT PORT BACKEND_PORT TOKENS FIRST_JOB API. KIND: grpc or websocket.
Says "warm" with a few streams open and "open" with all, and waits for a line after each. With an API other than 0 it then ends jobs by
events of GitLab, first some that have one stream each, then those of all others in one event, and prints how long each cut took."""

import asyncio
import base64
import collections
import hashlib
import json
import sys
import time

from events import Wire, job_event
from frames import answer_to, greeting
from rig import GRPC_HOST, GRPC_PATH, HELD_JOBS, HELD_SINGLES, HOOK_TOKEN, LIVE_HOST, LIVE_PATH
from support.frames import DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, PREFACE, RESET, Frames, block, frame

PER_CONNECTION = 100  # gRPC streams: as many as the gate takes on one
OPENING = 64          # WebSockets at a time
ONE_MESSAGE = b"\0\0\0\0\2\x08\1"
GRPC_ANSWER = block({":status": "200", "content-type": "application/grpc"})


class Backend(asyncio.Protocol):
    """Answers each call with one message and each handshake with its acceptance, and says no more."""

    def connection_made(self, transport):
        self.transport, self.frames, self.head = transport, None, b""

    def data_received(self, data):
        if self.frames is None:
            self.head += data
            if self.head.startswith(PREFACE):
                self.frames, data = Frames(), self.head[len(PREFACE):]
                self.transport.write(greeting())
            elif b"\r\n\r\n" in self.head:
                return self.accept()
            else:
                return None
        for kind, flags, stream, payload in self.frames.feed(data):
            if kind == HEADERS:
                self.transport.write(frame(HEADERS, END_HEADERS, stream, GRPC_ANSWER) + frame(DATA, 0, stream, ONE_MESSAGE))
            elif stream == 0:
                self.transport.write(answer_to(kind, flags, payload))
        return None

    def accept(self):
        lines = dict(line.split(": ", 1) for line in self.head.decode().split("\r\n")[1:] if line)
        key = next(value for name, value in lines.items() if name.lower() == "sec-websocket-key")
        accepted = base64.b64encode(hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()).decode()
        self.transport.write(f"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accepted}\r\n\r\n".encode())
        self.head = b""


class Held:
    """What is open, and who waits until a number of streams have been opened or have ended."""

    def __init__(self):
        self.counts, self.waiting = collections.Counter(), []

    def count(self, what):
        self.counts[what] += 1
        for waiter in self.waiting:
            if not waiter[2].done() and self.counts[waiter[0]] >= waiter[1]:
                waiter[2].set_result(time.perf_counter())

    async def until(self, what, number):
        """The time at which there were as many."""
        if self.counts[what] >= number:
            return time.perf_counter()
        waiter = (what, number, asyncio.get_running_loop().create_future())
        self.waiting = [waiter]
        try:
            return await asyncio.wait_for(waiter[2], 60)
        except TimeoutError:
            sys.exit(f"of {number} streams {self.counts[what]} are {what}")


class Calls(asyncio.Protocol):
    """One HTTP/2 connection with gRPC calls."""

    def __init__(self, held):
        self.held, self.frames, self.next = held, Frames(), 1

    def connection_made(self, transport):
        self.transport = transport
        transport.write(PREFACE + greeting())

    def call(self, token):
        head = block({":method": "POST", ":scheme": "http", ":path": GRPC_PATH, ":authority": GRPC_HOST, "content-type": "application/grpc",
                      "te": "trailers", "authorization": f"Bearer {token}"})
        self.transport.write(frame(HEADERS, END_HEADERS, self.next, head) + frame(DATA, END_STREAM, self.next, ONE_MESSAGE))
        self.next += 2

    def data_received(self, data):
        for kind, flags, stream, payload in self.frames.feed(data):
            if kind == DATA:
                self.held.count("open")
            if kind in (RESET, GOAWAY) or (kind in (HEADERS, DATA) and flags & END_STREAM):
                self.held.count("ended")
            elif stream == 0:
                self.transport.write(answer_to(kind, flags, payload))


class WebSocket(asyncio.Protocol):
    def __init__(self, held, token):
        self.held, self.token, self.head = held, token, b""

    def connection_made(self, transport):
        transport.write(f"GET {LIVE_PATH} HTTP/1.1\r\nHost: {LIVE_HOST}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                        f"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nAuthorization: Bearer {self.token}\r\n\r\n".encode())

    def data_received(self, data):
        before, self.head = self.head, self.head + data
        if b"\r\n\r\n" not in before and b"\r\n\r\n" in self.head:
            if not self.head.startswith(b"HTTP/1.1 101 "):
                sys.exit(f"no WebSocket: {self.head[:300]}")
            self.held.count("open")

    def connection_lost(self, _):
        self.held.count("ended")


async def open_calls(port, held, tokens):
    loop = asyncio.get_running_loop()
    for at in range(0, len(tokens), PER_CONNECTION):
        _, calls = await loop.create_connection(lambda: Calls(held), "127.0.0.1", port)
        for token in tokens[at:at + PER_CONNECTION]:
            calls.call(token)


async def open_websockets(port, held, tokens):
    loop = asyncio.get_running_loop()
    for at, token in enumerate(tokens, 1):
        await loop.create_connection(lambda token=token: WebSocket(held, token), "127.0.0.1", port)
        if at % OPENING == 0:
            await held.until("open", held.counts["open"] and at - OPENING)


def pipeline_event(jobs):
    builds = [{"id": job, "status": "success"} for job in jobs]
    return json.dumps({"object_kind": "pipeline", "object_attributes": {"id": 200_000, "status": "success"}, "project": {"id": 42}, "builds": builds}).encode()


async def cut(held, wire, body, ended, number):
    """Seconds from the event's first byte to the last stream's end."""
    headers = {"Host": "gate", "X-Gitlab-Token": HOOK_TOKEN, "X-Gitlab-Event": "System Hook", "Idempotency-Key": f"cut-{number}"}
    before = time.perf_counter()
    asked = asyncio.ensure_future(wire.ask("POST", "/hooks/gitlab", headers, body))
    last = await held.until("ended", ended)
    status, answer = await asked
    if status != 200:
        sys.exit(f"the event was not accepted: {answer}")
    return last - before


async def main(kind, count, port, backend_port, file, first_job, api):
    loop = asyncio.get_running_loop()
    await loop.create_server(Backend, "127.0.0.1", int(backend_port), backlog=16384)
    with open(file) as text:
        tokens = text.read().split()
    held, singles, jobs = Held(), tokens[:HELD_SINGLES], tokens[HELD_SINGLES:HELD_SINGLES + HELD_JOBS]
    opener = open_calls if kind == "grpc" else open_websockets
    await opener(int(port), held, singles)
    await held.until("open", len(singles))
    print("warm", flush=True)
    await loop.run_in_executor(None, sys.stdin.readline)
    await opener(int(port), held, [jobs[i % len(jobs)] for i in range(int(count))])
    await held.until("open", len(singles) + int(count))
    print("open", flush=True)
    await loop.run_in_executor(None, sys.stdin.readline)
    if api == "0":
        return
    if held.counts["ended"]:
        sys.exit("streams ended by themselves")
    wire, first = await Wire.to(int(api)), int(first_job)
    one = [await cut(held, wire, job_event(first + i), i + 1, i) for i in range(len(singles))]
    many = pipeline_event(range(first + len(singles), first + len(singles) + len(jobs)))
    every = await cut(held, wire, many, len(singles) + int(count), "all")
    print(json.dumps({"one_ms": [seconds * 1e3 for seconds in one], "all_ms": every * 1e3}), flush=True)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
