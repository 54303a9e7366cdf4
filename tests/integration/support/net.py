"""Free ports, HTTP calls that say exactly what they send, raw sockets, and polling."""

import dataclasses
import http.client
import json
import os
import random
import socket
import ssl
import time
import urllib.parse

# Under a sanitizer everything takes longer; time limits are multiplied by this.
SLOW = float(os.environ.get("WATCHWORD_TEST_SLOW", "1"))

_claims = []  # UDP sockets: they keep a port number ours, across all test processes


def free_port(count=1):
    """A TCP port below the ephemeral range that no other test uses, or the first of `count`. (A gate binds with SO_REUSEPORT: it would not
    notice.)"""
    while True:
        first = random.randrange(20000, 32000 - count)
        claims = [_claim(port) for port in range(first, first + count)]
        if all(claims):
            _claims.extend(claims)
            return first
        for claim in filter(None, claims):
            claim.close()


def _claim(port):
    claim = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        try:
            claim.bind(("127.0.0.1", port))
            probe.bind(("127.0.0.1", port))
            return claim
        except OSError:
            claim.close()
            return None


def eventually(check, what, seconds=10.0):
    """Polls `check` until it returns something true, and returns that."""
    deadline = time.monotonic() + seconds * SLOW
    while True:
        result = check()
        if result:
            return result
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds * SLOW:.0f} s: {what}")
        time.sleep(0.02)


@dataclasses.dataclass
class Reply:
    status: int
    headers: dict  # names in lower case; the last of several
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def reason(self):
        return self.json.get("reason") if self.body[:1] == b"{" else None


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout):
        super().__init__("localhost", timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def connect(port, tls=None, timeout=20, server_name="127.0.0.1"):
    """A connection to a port of 127.0.0.1 (an int) or to a Unix socket (a str)."""
    if isinstance(port, str):
        return UnixConnection(port, timeout * SLOW)
    if tls is None:
        return http.client.HTTPConnection("127.0.0.1", port, timeout=timeout * SLOW)
    context = ssl.create_default_context(cafile=tls)
    return http.client.HTTPSConnection(server_name, port, timeout=timeout * SLOW, context=context)


def call(port, method, path, headers=None, body=None, connection=None, **options):
    """One request. Without `connection` on a connection of its own. A dict as body is sent as a form."""
    headers = dict(headers or {})
    if isinstance(body, (dict, list)):
        body = urllib.parse.urlencode(body)
        headers.setdefault("content-type", "application/x-www-form-urlencoded")
    own = connection or connect(port, **options)
    try:
        own.request(method, path, body=body, headers=headers)
        response = own.getresponse()
        content = response.read()
        return Reply(response.status, {k.lower(): v for k, v in response.getheaders()}, content)
    finally:
        if connection is None:
            own.close()


class Raw:
    """A socket on which a test says byte for byte what is sent."""

    def __init__(self, port, timeout=10):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=timeout * SLOW)
        self.received = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data.encode("latin-1") if isinstance(data, str) else data)

    def read_until(self, mark):
        while mark not in self.received:
            piece = self.socket.recv(65536)
            if not piece:
                raise AssertionError(f"closed before {mark!r}: {self.received!r}")
            self.received += piece
        head, self.received = self.received.split(mark, 1)
        return head + mark

    def read_all(self):
        """Everything until the peer closes (or resets, which closes too); a peer that keeps it open is a timeout."""
        try:
            while piece := self.socket.recv(65536):
                self.received += piece
        except (ConnectionResetError, BrokenPipeError):
            pass
        everything, self.received = self.received, b""
        return everything

    def read_response(self):
        """Status and body of one response with content-length."""
        head = self.read_until(b"\r\n\r\n").decode("latin-1")
        status = int(head.split(" ", 2)[1])
        length = 0
        for line in head.split("\r\n")[1:]:
            name, _, value = line.partition(":")
            if name.lower() == "content-length":
                length = int(value)
        while len(self.received) < length:
            self.received += self.socket.recv(65536)
        body, self.received = self.received[:length], self.received[length:]
        return status, body
