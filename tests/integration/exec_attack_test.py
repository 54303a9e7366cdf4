"""What `watchword exec` opens on loopback, attacked by another user of the same host."""

import os
import subprocess
import sys
from subprocess import PIPE

from support.exec import ExecCase
from support.net import SLOW

NOBODY = 65534

# As the user of its first argument, sends the third to the second (a port, or the path of a socket), and prints what
# comes back. The interpreter itself may be where only root can read it.
CALL = """
import os, socket, sys
user, to, text, hurry = int(sys.argv[1]), sys.argv[2], sys.argv[3].encode(), len(sys.argv) > 4
import encodings.idna
if user:
    os.setgroups([])
    os.setgid(user)
    os.setuid(user)
try:
    if to.startswith("/"):
        s = socket.socket(socket.AF_UNIX)
        s.connect(to)
    else:
        s = socket.create_connection(("127.0.0.1", int(to)))
    s.sendall(text)
    if hurry:
        sys.exit("gone")
    s.settimeout(30)
    while data := s.recv(65536):
        sys.stdout.buffer.write(data)
except PermissionError:
    sys.exit("no entry")
except ConnectionError:
    sys.exit("closed")
"""


def call(to, text, *hurry, user):
    done = subprocess.run([sys.executable, "-I", "-c", CALL, str(user), str(to), text, *hurry], stdout=PIPE, stderr=PIPE, text=True,
                          timeout=60 * SLOW)
    return done.stdout, done.stderr.strip()


def request(path, headers=""):
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n{headers}\r\n"


class ExecAttack(ExecCase):
    def setUp(self):
        super().setUp()
        if os.geteuid() != 0:
            self.skipTest("becoming another user takes root")

    def run_with(self, *words):
        """A run whose command waits; its variables."""
        process = self.start(*words, "--", "sh", "-c", "env; echo ready; read line", stdin=PIPE, token=self.issuer.mint())
        lines = []
        while not lines or lines[-1] != "ready":
            lines.append(process.stdout.readline().decode().rstrip("\n"))
            self.assertIsNone(process.poll(), lines)
        return process, dict(line.split("=", 1) for line in lines[:-1])

    def end(self, process):
        _, err = process.communicate(b"\n", timeout=30 * SLOW)
        self.assertEqual(process.returncode, 0, err)
        return err.decode()

    def test_a_port_hears_nobody_else_even_with_the_secret(self):
        process, env = self.run_with("billing-api")
        port, secret = env["BILLING_API_PORT"], "/" + env["WATCHWORD_RUN"]
        seen = len(self.upstream.seen)
        header = f"Watchword-Run: {env['WATCHWORD_RUN']}\r\n"
        for text in (request("/v1/x"), request(secret + "/v1/x"), request("/v1/x", header)):
            out, err = call(port, text, user=NOBODY)
            self.assertEqual(out, "")
            self.assertIn(err, ("", "closed"))
        call(port, request(secret + "/v1/gone"), "at once", user=NOBODY)
        self.assertIn("200 OK", call(port, request(secret + "/v1/x"), user=0)[0], "its own user is heard still")
        paths = [call.path for call in self.upstream.seen[seen:]]
        self.assertEqual(paths, ["/v1/x"])
        told = self.end(process)
        self.assertIn("local_caller_refused", told)
        self.assertIn(f"user {NOBODY}", told)

    def test_its_own_user_needs_the_secret(self):
        process, env = self.run_with("billing-api")
        port, secret = env["BILLING_API_PORT"], "/" + env["WATCHWORD_RUN"]
        seen = len(self.upstream.seen)
        for text in (request("/v1/x"), request("/v1/x?" + secret), request("/x/.." + secret + "/v1/x"), request("/wrong/v1/x"),
                     request(secret + "/v1/x", "Origin: https://evil.example.com\r\n"),
                     request(secret + "/v1/x").replace("127.0.0.1", "evil.example.com")):
            out, _ = call(port, text, user=0)
            self.assertTrue(out.startswith("HTTP/1.1 403 "), out)
        self.assertEqual(len(self.upstream.seen), seen)
        self.assertNotIn(env["WATCHWORD_RUN"], self.end(process))

    def test_a_tcp_resources_port_hears_nobody_else(self):
        process, env = self.run_with("ledger-db")
        before = len([e for e in self.gate.entries() if e["event"] == "request"])
        out, err = call(env["LEDGER_DB_PORT"], "drop table", user=NOBODY)
        self.assertEqual(out, "")
        self.assertIn(err, ("", "closed"))
        call(env["LEDGER_DB_PORT"], "drop table", "at once", user=NOBODY)
        self.end(process)
        self.assertEqual(len([e for e in self.gate.entries() if e["event"] == "request"]), before, "no tunnel was asked for")

    def test_a_socket_hears_nobody_else(self):
        process, env = self.run_with("billing-api", "ledger-db", "--unix-sockets")
        secret = "/" + env["WATCHWORD_RUN"]
        for path in (env["BILLING_API_SOCKET"], env["LEDGER_DB_SOCKET"]):
            self.assertEqual(call(path, request(secret + "/v1/x"), user=NOBODY), ("", "no entry"))
        os.chmod(os.path.dirname(env["LEDGER_DB_SOCKET"]), 0o755)  # and were they open to all
        for path in (env["BILLING_API_SOCKET"], env["LEDGER_DB_SOCKET"]):
            os.chmod(path, 0o666)
            out, err = call(path, request(secret + "/v1/x"), user=NOBODY)
            self.assertEqual(out, "")
            self.assertIn(err, ("", "closed"))
        self.assertIn("200 OK", call(env["BILLING_API_SOCKET"], request(secret + "/v1/x"), user=0)[0])
        self.end(process)
