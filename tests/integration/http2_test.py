"""HTTP/2 to the gate as real clients speak it: curl and h2load, by ALPN and with prior knowledge, beside HTTP/1.1."""

import os
import socket
import subprocess
import tempfile
import threading
import unittest

from support.case import CertifiedHttps, GateCase
from support.net import SLOW, Raw, free_port

MEGABYTE = 1 << 20
GREETING = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0"
SETTINGS = b"\0\0\x1e\4\0\0\0\0\0"  # the head of the gate's, which have five entries
GOAWAY = b"\0\0\x08\7\0\0\0\0\0"


def address_of_this_host():
    """One that is not loopback; None: there is none."""
    addresses = subprocess.run(["hostname", "-I"], capture_output=True, text=True).stdout.split()
    return next((address for address in addresses if "." in address), None)


ELSEWHERE = address_of_this_host()


class Clients:
    """What holds with TLS and without."""

    scheme = "http"
    speak_http2 = "--http2-prior-knowledge"

    def setUp(self):
        self.upstream.seen.clear()
        self.token = self.gate.access(self.issuer)

    def url(self, path):
        return f"{self.scheme}://localhost:{self.gate.gateway}{path}"

    def trust(self):
        return []

    def curl(self, *arguments, version=None):
        command = ["curl", "-sS", "--max-time", "120", version or self.speak_http2, *self.trust(), "-H", "Host: billing.test", "-H", "@-"]
        return subprocess.run([*command, *arguments], input=f"Authorization: Bearer {self.token}\n".encode(), capture_output=True)

    def test_the_version_is_the_client_s_choice(self):
        for version, spoken in ((self.speak_http2, "2"), ("--http1.1", "1.1")):
            got = self.curl("-w", " %{http_version} %{http_code}", self.url("/v1/x"), version=version)
            self.assertEqual(got.stdout.decode(), f"ok {spoken} 200", got.stderr)

    def test_large_bodies_go_both_ways(self):
        content = os.urandom(5 * MEGABYTE)
        with tempfile.NamedTemporaryFile() as file:
            file.write(content)
            file.flush()
            got = self.curl("-X", "POST", "--data-binary", "@" + file.name, "-w", "%{http_code}", "-o", os.devnull, self.url("/v1/x"))
        self.assertEqual(got.stdout, b"200", got.stderr)
        seen = self.upstream.last()
        self.assertEqual((seen.size, seen.body), (len(content), content[: len(seen.body)]))
        got = self.curl("-w", "%{size_download}", "-o", os.devnull, self.url(f"/v1/bytes/{20 * MEGABYTE}"))
        self.assertEqual(got.stdout, b"%d" % (20 * MEGABYTE), got.stderr)

    def test_a_refusal_says_why_and_stops_the_upload(self):
        self.token = "x.y.z"
        with tempfile.NamedTemporaryFile() as file:
            file.write(bytes(2 * MEGABYTE))
            file.flush()
            got = self.curl("--data-binary", "@" + file.name, "-w", " %{http_version} %{http_code}", self.url("/v1/x"))
        self.assertRegex(got.stdout, rb'"reason":"token_malformed".* 2 401$', got.stderr)
        self.assertEqual(self.upstream.seen, [])

    def test_many_requests_share_few_connections(self):
        # The header goes by argument, as h2load reads no file: this token ends with the test.
        command = ["h2load", "-n", "2000", "-c", "4", "-m", "20", "-H", ":authority: billing.test", "-H", "Authorization: Bearer " + self.token]
        if self.scheme == "http":
            command += ["-p", "h2c"]
        done = subprocess.run([*command, self.url("/v1/x")], capture_output=True, text=True, timeout=120)
        self.assertRegex(done.stdout, r"2000 succeeded, 0 failed, 0 errored, 0 timeout")
        self.assertRegex(done.stdout, r"status codes: 2000 2xx")

    def test_requests_are_counted(self):
        before = self.gate.metric('watchword_http_requests_total{server="gateway",status="2xx"}') or 0
        self.assertEqual(self.curl(self.url("/v1/x")).stdout, b"ok")
        self.assertEqual(self.gate.metric('watchword_http_requests_total{server="gateway",status="2xx"}'), before + 1)


class PriorKnowledge(Clients, GateCase):
    def test_a_peer_on_loopback_is_greeted(self):
        with Raw(self.gate.gateway) as raw:
            raw.send(GREETING)
            raw.read_until(SETTINGS)


@unittest.skipUnless(ELSEWHERE, "this host has no address but loopback")
class OtherPeers(GateCase):
    """Of what the gate serves without TLS, only metrics may be on another address than loopback."""

    @classmethod
    def config(cls):
        cls.metrics = free_port()
        listen = {"api": f"127.0.0.1:{cls.gate.api}", "gateway": f"127.0.0.1:{cls.gate.gateway}", "admin": "unix:" + cls.gate.admin}
        return {"listen": listen | {"metrics": f"{ELSEWHERE}:{cls.metrics}"}}

    def test_prior_knowledge_is_not_for_them(self):
        with socket.create_connection((ELSEWHERE, self.metrics), timeout=10 * SLOW) as peer:
            peer.sendall(GREETING)
            self.assertTrue(peer.recv(65536).startswith(b"HTTP/1.1 400 "))


class Alpn(Clients, CertifiedHttps, GateCase):
    scheme = "https"
    speak_http2 = "--http2"

    def trust(self):
        return ["--cacert", self.authority.certificate]


class Drain(GateCase):
    def test_sigterm_finishes_streams_and_says_goodbye(self):
        token = self.gate.access(self.issuer)
        done = []

        def hang():
            command = ["curl", "-sS", "--http2-prior-knowledge", "-H", "Host: billing.test", "-H", "@-", "-w", " %{http_code}"]
            url = f"http://localhost:{self.gate.gateway}/v1/hang"
            done.append(subprocess.run([*command, url], input=f"Authorization: Bearer {token}\n".encode(), capture_output=True, timeout=120))

        thread = threading.Thread(target=hang)
        thread.start()
        self.assertTrue(self.upstream.hanging.acquire(timeout=10))
        with Raw(self.gate.gateway) as idle:
            idle.send(GREETING)
            idle.read_until(SETTINGS)
            self.gate.process.terminate()
            idle.read_until(GOAWAY)
        self.assertIsNone(self.gate.process.poll())
        self.upstream.release()
        thread.join(20)
        self.assertTrue(done[0].stdout.endswith(b" 200"), done[0].stderr)
        self.assertEqual(self.gate.process.wait(20), 0)
