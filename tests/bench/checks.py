#!/usr/bin/env python3
"""Asks ext_authz with a token from a file in each Check, one after the other: checks.py PORT TOKENS FIRST COUNT CHECKS RATE.
RATE: checks a second, 0: as fast as they are answered. Prints one JSON object. Says how many answers were no allow, too."""

import gc
import json
import select
import socket
import sys
import time

from check import CHECK, check_request
from frames import answer_to, greeting
from support.frames import DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, PREFACE, RESET, Frames, block, frame

CONNECTIONS, STREAMS = 8, 16
MOST_STREAMS = 64  # at a rate: what is due beyond that waits, and its time counts from when it was due
# status (1) of CheckResponse with a code (1) of 0, which proto3 leaves out, or with its three bytes.
ALLOWED = b"\n\0"


class Asking:
    """One connection."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), 10)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.sendall(PREFACE + greeting())
        self.frames, self.asked, self.next = Frames(), {}, 1

    def request(self, head, body, due):
        stream, self.next = self.next, self.next + 2
        self.asked[stream] = due
        return frame(HEADERS, END_HEADERS, stream, head) + frame(DATA, END_STREAM, stream, body)


class Load:
    def __init__(self, port, bodies, checks, rate):
        self.head = block({":method": "POST", ":scheme": "http", ":path": CHECK, ":authority": "gate", "content-type": "application/grpc", "te": "trailers"})
        self.bodies, self.left, self.rate = bodies, checks, rate
        self.sent, self.done, self.refused, self.waits = 0, 0, 0, []
        self.connections = [Asking(port) for _ in range(CONNECTIONS)]
        self.by_fd = {one.socket.fileno(): one for one in self.connections}

    def ask(self, one, count, due=None):
        out = []
        for _ in range(min(count, self.left)):
            out.append(one.request(self.head, self.bodies[self.sent % len(self.bodies)], due or time.perf_counter()))
            self.sent, self.left = self.sent + 1, self.left - 1
        if out:
            one.socket.sendall(b"".join(out))

    def take(self, one):
        """Reads what has arrived; how many checks that were."""
        data = one.socket.recv(1 << 18)
        if not data:
            sys.exit("the gate has closed a connection")
        now, ended, answers = time.perf_counter(), 0, []
        for kind, flags, stream, payload in one.frames.feed(data):
            if kind == DATA and not payload[5:].startswith(ALLOWED):
                self.refused += 1
            if kind == HEADERS and flags & END_STREAM:
                self.waits.append(now - one.asked.pop(stream))
                ended += 1
            if kind in (RESET, GOAWAY):
                sys.exit(f"a check was not answered: frame {kind}, {payload.hex()}")
            if stream == 0:
                answers.append(answer_to(kind, flags, payload))
        if any(answers):
            one.socket.sendall(b"".join(answers))
        self.done += ended
        return ended

    def run(self, checks):
        poll = select.epoll()
        for fd in self.by_fd:
            poll.register(fd, select.EPOLLIN)
        start = time.perf_counter()
        if not self.rate:
            for one in self.connections:
                self.ask(one, STREAMS)
        while self.done < checks:
            for fd, _ in poll.poll(0 if self.rate else 10):
                ended = self.take(self.by_fd[fd])
                if not self.rate:
                    self.ask(self.by_fd[fd], ended)
            while self.rate and self.left and (due := start + self.sent / self.rate) <= time.perf_counter():
                one = min(self.connections, key=lambda connection: len(connection.asked))
                if len(one.asked) == MOST_STREAMS:
                    break
                self.ask(one, 1, due)
        return time.perf_counter() - start


def main(port, file, first, count, checks, rate):
    with open(file) as tokens:
        some = tokens.read().split()[int(first):int(first) + int(count)]
    load = Load(int(port), [check_request(token) for token in some], int(checks), int(rate))
    gc.collect()
    gc.disable()
    seconds = load.run(int(checks))
    waits = sorted(load.waits)
    print(json.dumps({"requests": load.done, "refused": load.refused, "seconds": seconds, "rate": load.done / seconds,
                      "p50_us": waits[len(waits) // 2] * 1e6, "p99_us": waits[len(waits) * 99 // 100] * 1e6}))


if __name__ == "__main__":
    main(*sys.argv[1:])
