"""Clients that try to use the gate up: each attack ends, others are served meanwhile, and the gate's memory stays what it was."""

import contextlib
import socket
import struct
import threading
import unittest

from support.case import GateCase
from support.frames import (CONTINUATION, END_HEADERS, END_STREAM, ENHANCE_YOUR_CALM, HEADERS, NEWEST, PING, PREFACE, RESET,
                            farewell, field, frame, request, settings)
from support.gate import SANITIZED, policy_for
from support.net import SLOW, Raw, eventually

MEGABYTE = 1 << 20


class AddressLimit(GateCase):
    """Loopback has more than one address: 127.0.0.2 attacks, 127.0.0.3 is someone else."""

    MOST = 20

    @classmethod
    def config(cls):
        return {"limits": {"connections_per_address": cls.MOST}}

    def connect(self, source):
        peer = socket.create_connection(("127.0.0.1", self.gate.gateway), timeout=10 * SLOW, source_address=(source, 0))
        self.addCleanup(peer.close)
        return peer

    def served(self, peer):
        """Whether the gate answers on it. The connection stays open."""
        try:
            peer.sendall(b"GET / HTTP/1.1\r\nHost: billing.test\r\n\r\n")
            return peer.recv(65536).startswith(b"HTTP/1.1 401 ")
        except (ConnectionResetError, BrokenPipeError):
            return False

    def refused(self):
        return self.gate.metric('watchword_http_connections_refused_total{server="gateway",limit="address"}')

    def test_one_address_cannot_take_the_places_of_others(self):
        held = [self.connect("127.0.0.2") for _ in range(self.MOST)]
        self.assertTrue(all(self.served(peer) for peer in held))
        for _ in range(500):
            with self.connect("127.0.0.2") as more:
                self.assertFalse(self.served(more))
        self.assertTrue(self.served(self.connect("127.0.0.3")))
        self.assertTrue(all(self.served(peer) for peer in held), "those that were there before stay")
        self.assertEqual(self.refused(), 500)
        told = [line for line in self.gate.log_text().splitlines() if "an address has too many connections" in line]
        self.assertEqual(len(told), 1, "a flood of connections is no flood of lines")
        self.assertIn("127.0.0.2", told[0])
        held.pop().close()
        eventually(lambda: self.served(self.connect("127.0.0.2")), "its place is free again")


class Attacks(GateCase):
    """What an attack may add to the gate's resident memory is far below what it would add if anything were kept."""

    def setUp(self):
        self.token = self.gate.access(self.issuer)
        for _ in range(20):
            self.honest()

    def honest(self):
        self.assertEqual(self.gate.request("GET", "/v1/x", self.token).body, b"ok")

    def forget_peak(self):
        # The gate keeps debuggers away, so that only root may do this; to others the peak is the one since its start.
        with contextlib.suppress(PermissionError), open(f"/proc/{self.gate.process.pid}/clear_refs", "w") as file:
            file.write("5")

    def peak(self):
        """The most memory that was resident since then, in bytes."""
        with open(f"/proc/{self.gate.process.pid}/status") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) * 1024

    @contextlib.contextmanager
    def bounded(self, megabytes=16):
        """Others are served at the end of what is done here, while it lasts, and so much memory was taken at the most."""
        self.forget_peak()
        before = self.peak()
        yield
        self.honest()
        grown = self.peak() - before
        if not SANITIZED:
            self.assertLess(grown, megabytes * MEGABYTE)

    def attack(self, first, more, times):
        """Sends `first`, then `more` so often or until the gate has had enough, and reads nothing before the end. Returns whether all was
        taken, and what the gate said."""
        with Raw(self.gate.gateway) as raw:
            try:
                raw.send(PREFACE + settings() + first)
                for _ in range(times):
                    raw.send(more)
                raw.socket.shutdown(socket.SHUT_WR)
                taken = True
            except (ConnectionResetError, BrokenPipeError, TimeoutError):
                taken = False
            return taken, raw.read_all()

    def test_rapid_reset(self):
        block = request("/v1/x", "billing.test", self.token)
        resets = [frame(HEADERS, END_HEADERS | END_STREAM, stream, block) + frame(RESET, 0, stream, struct.pack(">I", 8))
                  for stream in range(1, 20_000, 2)]
        before = len(self.upstream.seen)
        with self.bounded():
            for _ in range(5):
                self.attack(b"", b"".join(resets), 1)
        self.assertLess(len(self.upstream.seen) - before, 5 * 500, "of 50,000 requests")

    def test_floods_of_frames(self):
        ping, empty = frame(PING, payload=b"12345678"), settings(initial_window_size=65_535)
        open_head = frame(HEADERS, 0, 1, request("/v1/x", "billing.test", self.token))
        floods = {"PING": (b"", ping), "SETTINGS": (b"", empty), "CONTINUATION": (open_head, frame(CONTINUATION, 0, 1)),
                  "filled CONTINUATION": (open_head, frame(CONTINUATION, 0, 1, field("x", "y" * 16_000)))}
        for name, (first, more) in floods.items():
            many = more * max(1, 65_536 // len(more))
            with self.subTest(name), self.bounded():
                for _ in range(5):
                    taken, said = self.attack(first, many, 64 * MEGABYTE // len(many))
                    self.assertFalse(taken, "64 MB of nothing")
                    self.assertIn(farewell(said), (ENHANCE_YOUR_CALM, None), "where it was not lost with the connection")

    def test_header_bombs(self):
        """A byte for each 3 kB: 10,000 of them in a head (RFC 7541 7.3)."""
        bomb = request("/v1/x", "billing.test") + field("x", "y" * 3000, indexed=True) + NEWEST * 10_000
        heads = [frame(HEADERS, END_HEADERS | END_STREAM, stream, bomb) for stream in range(1, 2000, 2)]
        with self.bounded():
            for _ in range(5):
                self.attack(b"", b"".join(heads), 1)

    def test_heads_without_end_in_http1(self):
        with self.bounded():
            for line in (b"GET /", b"GET / HTTP/1.1\r\nHost: billing.test\r\nx: ", b"GET / HTTP/1.1\r\nHost: billing.test\r\n" + b"a: b\r\n" * 101):
                with Raw(self.gate.gateway) as raw, contextlib.suppress(ConnectionResetError, BrokenPipeError):
                    raw.send(line)
                    for _ in range(1024):
                        raw.send(b"y" * 16_384)
                    self.fail("16 MB of a head were taken")

    def test_windows_that_never_open(self):
        """100 streams, of which each would get 20 MB."""
        block = request(f"/v1/bytes/{20 * MEGABYTE}", "billing.test", self.token)
        heads = b"".join(frame(HEADERS, END_HEADERS | END_STREAM, stream, block) for stream in range(1, 51, 2))
        before = len(self.upstream.seen)
        with contextlib.ExitStack() as stack, self.bounded(32):
            for _ in range(4):
                raw = stack.enter_context(Raw(self.gate.gateway))
                raw.send(PREFACE + settings(initial_window_size=0) + heads)
            eventually(lambda: len(self.upstream.seen) == before + 100, "all are at the backend", 30)
            self.stands_still()
            self.honest()

    def test_readers_that_do_not_read(self):
        before = len(self.upstream.seen)
        with contextlib.ExitStack() as stack, self.bounded(32):
            for _ in range(100):
                raw = stack.enter_context(Raw(self.gate.gateway))
                raw.send(f"GET /v1/bytes/{20 * MEGABYTE} HTTP/1.1\r\nHost: billing.test\r\nAuthorization: Bearer {self.token}\r\n\r\n")
            eventually(lambda: len(self.upstream.seen) == before + 100, "all are at the backend", 30)
            self.stands_still()
            self.honest()

    def stands_still(self):
        """The backend can send no more."""

        def still():
            before = self.upstream.streamed
            for _ in range(20):
                self.honest()
            return self.upstream.streamed == before

        eventually(still, "the backend can send no more", 30)

    def test_writers_that_do_not_write(self):
        head = f"POST /v1/x HTTP/1.1\r\nHost: billing.test\r\nAuthorization: Bearer {self.token}\r\n"
        starts = ("", "POST", head, head + "Content-Length: 1000\r\n\r\n", head + "Transfer-Encoding: chunked\r\n\r\n5\r\nhe")
        with contextlib.ExitStack() as stack, self.bounded():
            for start in starts * 100:
                stack.enter_context(Raw(self.gate.gateway)).send(start)
            self.honest()


class Lasting(GateCase):
    """`timeouts.stream`: how long one request, stream or tunnel may last, whatever moves in it."""

    @classmethod
    def setUpClass(cls):
        cls.echo = socket.create_server(("127.0.0.1", 0))
        cls.addClassCleanup(cls.echo.close)
        cls.port = cls.echo.getsockname()[1]
        threading.Thread(target=cls.serve_echo, daemon=True).start()
        super().setUpClass()

    @classmethod
    def serve_echo(cls):
        def answer(peer):
            with contextlib.suppress(OSError), peer:
                while data := peer.recv(65536):
                    peer.sendall(data)

        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=answer, args=(cls.echo.accept()[0],), daemon=True).start()

    @classmethod
    def policy(cls):
        policy = policy_for(cls.upstream.url, timeouts={"stream": "1s"})
        policy["resources"]["ledger-db"] = {"tcp": {"upstream": f"127.0.0.1:{cls.port}", "timeouts": {"stream": "1s"}}}
        policy["resources"]["quiet-db"] = {"tcp": {"upstream": f"127.0.0.1:{cls.port}", "timeouts": {"idle": "300ms"}}}
        policy["roles"]["deploy"]["allow"] += ["ledger-db/connect", "quiet-db/connect"]
        return policy

    def cut_on_record(self, resource):
        find = lambda: [one for one in self.gate.entries() if one["event"] == "request_cut" and one.get("resource") == resource]
        return eventually(find, "the cut is on record")[0]

    def test_a_request_without_an_answer_is_told_why(self):
        refused = self.gate.request("GET", "/v1/hang", self.gate.access(self.issuer))
        self.assert_refused(refused, 429, "limit_reached")
        self.assertIn("at most 1s ('timeouts.stream' of billing-api)", refused.json["expected"])
        self.assertEqual(self.cut_on_record("billing-api")["reason"], "limit_reached")
        self.assertEqual(self.gate.request("GET", "/v1/x", self.gate.access(self.issuer)).status, 200)

    def tunnel(self, name):
        raw = self.enterContext(Raw(self.gate.gateway))
        authority, token = f"{name}:{self.port}", self.gate.access(self.issuer)
        raw.send(f"CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\nProxy-Authorization: Bearer {token}\r\n\r\n")
        self.assertTrue(raw.read_until(b"\r\n\r\n").startswith(b"HTTP/1.1 200 "))
        return raw

    def test_a_tunnel_in_which_nothing_moves_ends(self):
        raw = self.tunnel("quiet-db")
        raw.send(b"hello")
        self.assertEqual(raw.read_until(b"hello"), b"hello")
        self.assertEqual(raw.read_all(), b"")

    def test_a_tunnel_ends_though_bytes_move(self):
        with self.tunnel("ledger-db") as raw:
            with self.assertRaises((ConnectionResetError, BrokenPipeError, AssertionError)):
                while True:
                    raw.send(b"hello")
                    raw.read_until(b"hello")
        cut = self.cut_on_record("ledger-db")
        self.assertEqual((cut["decision"], cut["reason"]), ("deny", "limit_reached"))
        self.assertGreater(cut["detail"]["bytes_down"], 0)


if __name__ == "__main__":
    unittest.main()
