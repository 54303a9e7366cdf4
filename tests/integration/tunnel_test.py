"""Tunnels to TCP resources: CONNECT names one of the policy, never an address, and ends with the session."""

import re
import socket
import subprocess
import threading
import time

from support.case import GateCase
from support.echo import Echo, start_echo
from support.gate import BINARY, policy_for
from support.net import SLOW, Raw, eventually, free_port

USAGE, DENIED = 2, 4


class Counting(Echo):
    def handle(self):
        self.server.connections += 1
        super().handle()
        self.request.sendall(b"bye")


class Tunnel(GateCase):
    @classmethod
    def setUpClass(cls):
        cls.echo, cls.port = start_echo(cls, Counting)
        cls.echo.connections = 0
        super().setUpClass()

    @classmethod
    def policy(cls):
        policy = policy_for(cls.upstream.url)
        policy["resources"]["ledger-db"] = {"tcp": {"upstream": f"127.0.0.1:{cls.port}"}}
        policy["resources"]["secret-db"] = {"tcp": {"upstream": f"127.0.0.1:{cls.port}"}}
        policy["resources"]["gone-db"] = {"tcp": {"upstream": f"127.0.0.1:{free_port()}"}}
        policy["roles"]["deploy"]["allow"] += ["ledger-db/connect", "gone-db/connect"]
        return policy

    def open(self, authority=None, token=None, header="Proxy-Authorization"):
        authority = authority or f"ledger-db:{self.port}"
        raw = self.enterContext(Raw(self.gate.gateway))
        credential = f"{header}: Bearer {token}\r\n" if token else ""
        raw.send(f"CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n{credential}\r\n")
        return raw, raw.read_until(b"\r\n\r\n")

    def test_bytes_pass_both_ways_and_each_side_ends_by_itself(self):
        raw, head = self.open(token=self.gate.access(self.issuer))
        self.assertTrue(head.startswith(b"HTTP/1.1 200 "), head)
        blob = bytes(range(256)) * 4096
        sender = threading.Thread(target=lambda: (raw.send(blob), raw.socket.shutdown(socket.SHUT_WR)))
        sender.start()
        self.assertEqual(raw.read_all(), blob + b"bye")
        sender.join()

    def test_only_named_resources_are_reached(self):
        token = self.gate.access(self.issuer)
        before = self.echo.connections
        cases = [(f"127.0.0.1:{self.port}", 404, "host_unknown"), (f"nothing:{self.port}", 404, "host_unknown"), ("ledger-db:1", 404, "host_unknown"),
                 ("billing-api:443", 404, "host_unknown"), (f"secret-db:{self.port}", 407, "audience_mismatch")]
        for authority, status, reason in cases:
            with self.subTest(authority):
                raw, head = self.open(authority, token)
                self.assertTrue(head.startswith(b"HTTP/1.1 %d " % status), head)
                self.assertIn(reason.encode(), raw.read_all())
        self.assertEqual(self.echo.connections, before)

    def test_the_credential_is_the_proxys(self):
        for token, header in ((None, ""), ("x.y.z", "Proxy-Authorization"), (self.gate.access(self.issuer), "Authorization")):
            _, head = self.open(token=token, header=header)
            self.assertTrue(head.startswith(b"HTTP/1.1 407 "), head)
            self.assertIn(b"proxy-authenticate: ", head)

    def test_without_a_credential_every_name_and_port_gets_the_same_answer(self):
        for token, reason in ((None, b"token_missing"), ("x.y.z", b"token_malformed")):
            for authority in (None, "ledger-db:1", f"nothing:{self.port}", f"127.0.0.1:{self.port}"):
                raw, head = self.open(authority, token)
                self.assertTrue(head.startswith(b"HTTP/1.1 407 "), head)
                self.assertIn(reason, raw.read_all())

    def test_an_upstream_that_is_not_there_is_a_reason(self):
        port = self.gone_port()
        raw, head = self.open(f"gone-db:{port}", self.gate.access(self.issuer))
        self.assertTrue(head.startswith(b"HTTP/1.1 502 "), head)
        self.assertIn(b"upstream_unreachable", raw.read_all())

    def gone_port(self):
        with open(self.gate.policy_file) as file:
            return re.search(r'"gone-db".*?:(\d+)"', file.read(), re.S).group(1)

    def test_the_end_of_the_session_cuts_the_tunnel_and_says_so(self):
        raw, head = self.open(token=self.gate.access(self.issuer, job_id="8001"))
        self.assertTrue(head.startswith(b"HTTP/1.1 200 "), head)
        raw.send(b"hello")
        self.assertEqual(raw.read_until(b"hello"), b"hello")
        ended = self.gate.cli("sessions", "end", "--job", "8001", "--why", "over")
        self.assertEqual(ended.returncode, 0, ended.stderr)
        with self.assertRaises(ConnectionResetError):
            raw.socket.recv(100)
        find = lambda: [e for e in self.gate.entries() if e.get("event") == "request_cut" and e.get("resource") == "ledger-db"]
        cut = eventually(find, "the cut is on record")[0]
        self.assertEqual((cut["detail"]["bytes_up"], cut["detail"]["bytes_down"]), (5, 5))

    def start(self, listen, token, resource=None):
        command = [BINARY, "tunnel", resource or f"ledger-db:{self.port}", "--listen", listen, "--gate", self.gate.url,
                   "--gateway", f"http://127.0.0.1:{self.gate.gateway}"]
        process = subprocess.Popen(command, env={"WATCHWORD_ID_TOKEN": token}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.kill)
        return process

    def started(self, local, token, resource=None):
        process = self.start(f"127.0.0.1:{local}", token, resource)
        self.assertIn(f"on 127.0.0.1:{local}", process.stdout.readline())
        return process

    def assert_reset(self, local):
        """At once, or with the first byte that is read."""
        with self.assertRaises(ConnectionResetError), socket.create_connection(("127.0.0.1", local), timeout=20 * SLOW) as tool:
            tool.recv(100)

    def end_job(self, job):
        ended = self.gate.cli("sessions", "end", "--job", job, "--why", "over")
        self.assertEqual(ended.returncode, 0, ended.stderr)

    def test_the_command_ends_with_its_session_and_says_what_ended_it(self):
        local = free_port()
        process = self.started(local, self.issuer.mint(job_id="8003"))
        with socket.create_connection(("127.0.0.1", local), timeout=20 * SLOW) as tool:
            tool.sendall(b"select 1")
            self.assertEqual(tool.recv(100), b"select 1")
            self.end_job("8003")
            out, err = process.communicate(timeout=20 * SLOW)
        self.assertEqual(process.returncode, DENIED, out + err)
        self.assertIn("session_ended", out)
        self.assertIn("revoked", out)
        self.assertNotIn("upstream_unreachable", out + err)

    def test_the_command_ends_when_a_connection_finds_the_session_over(self):
        local = free_port()
        process = self.started(local, self.issuer.mint(job_id="8004"))
        self.end_job("8004")
        self.assert_reset(local)
        out, err = process.communicate(timeout=20 * SLOW)
        self.assertEqual(process.returncode, DENIED, out + err)
        self.assertIn("session_ended", out)

    def test_a_wrong_port_is_answered_with_the_right_one(self):
        local = free_port()
        process = self.started(local, self.issuer.mint(job_id="8005"), "ledger-db:1")
        self.assert_reset(local)
        process.terminate()
        _, err = process.communicate(timeout=20 * SLOW)
        self.assertIn(f"ledger-db:{self.port}, with the port of its upstream", err)
        raw, _ = self.open("ledger-db:1")
        self.assertNotIn(str(self.port).encode(), raw.read_all(), "told to jobs only")

    def test_a_tool_that_reconnects_in_a_loop_causes_few_exchanges(self):
        local, began = free_port(), time.monotonic()
        process = self.started(local, self.issuer.mint(job_id="8007"), "ledger-db:1")
        for _ in range(200):
            self.assert_reset(local)
        process.terminate()
        process.communicate(timeout=20 * SLOW)
        at_most = 2 + (time.monotonic() - began) // 5  # the first is answered with a nonce for its proof
        of_job = lambda event: [e for e in self.gate.entries() if e["event"] == event and e["who"].get("job") == "8007"]
        eventually(lambda: of_job("revocation"), "the command has ended")
        exchanges = len(of_job("exchange"))
        self.assertTrue(1 <= exchanges <= at_most, f"{exchanges} exchanges, at most {at_most:.0f}")

    def test_what_cannot_be_listened_on_is_explained(self):
        process = self.start("0.0.0.0:5432", "none", "ledger-db")
        _, err = process.communicate(timeout=20 * SLOW)
        self.assertEqual(process.returncode, USAGE, err)
        self.assertIn("127.0.0.1:PORT", err)
        with socket.create_server(("127.0.0.1", 0)) as taken:
            local = taken.getsockname()[1]
            process = self.start(f"127.0.0.1:{local}", self.issuer.mint(job_id="8006"))
            _, err = process.communicate(timeout=20 * SLOW)
        self.assertNotEqual(process.returncode, 0)
        for word in (f"127.0.0.1:{local}", "in use", "another process listens there"):
            self.assertIn(word, err)

    def test_without_a_port_the_gate_says_it(self):
        path = self.gate.path("ledger.sock")
        process = self.start("unix:" + path, self.issuer.mint(job_id="8008"), "ledger-db")
        self.assertIn(f"tunnel to ledger-db:{self.port} on unix:{path}", process.stdout.readline())
        with socket.socket(socket.AF_UNIX) as tool:
            tool.connect(path)
            tool.sendall(b"select 1")
            self.assertEqual(tool.recv(100), b"select 1")
        process.terminate()
        process.communicate(timeout=20 * SLOW)

    def test_the_command_gives_tools_a_local_port(self):
        local = free_port()
        token = self.issuer.mint(job_id="8002")
        process = self.started(local, token)
        for _ in range(2):
            with socket.create_connection(("127.0.0.1", local), timeout=20 * SLOW) as tool:
                tool.sendall(b"select 1")
                tool.shutdown(socket.SHUT_WR)
                self.assertEqual(tool.makefile("rb").read(), b"select 1bye")
        process.terminate()
        out, err = process.communicate(timeout=20 * SLOW)
        self.assertEqual(process.returncode, 0, err)
        self.assertNotIn(token, out + err)
        revoked = lambda: [e for e in self.gate.entries() if e["event"] == "revocation" and e["who"].get("job") == "8002"]
        eventually(revoked, "the token was given back")
