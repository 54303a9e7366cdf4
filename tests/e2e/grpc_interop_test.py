"""grpc++, an implementation that shares nothing with ours, through the built-in gateway and through Envoy, in plain and over TLS."""

import concurrent.futures
import os
import subprocess
import tempfile

import grpc

from envoy_front import EnvoyInFront
from streams_test import Grpc
from support.authority import Authority
from support.case import Https
from support.gate import BUILD
from support.net import SLOW

SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "grpc_interop/client.cc")
CLIENT = os.path.join(BUILD, "grpc_interop_client")


def code_name(number):
    return next(code.name for code in grpc.StatusCode if code.value[0] == number)


def build_client():
    """Once for each build folder; with ccache after that in no time."""
    if os.path.exists(CLIENT) and os.path.getmtime(CLIENT) > os.path.getmtime(SOURCE):
        return
    flags = subprocess.run(["pkg-config", "--cflags", "--libs", "grpc++"], check=True, capture_output=True, text=True).stdout.split()
    with tempfile.TemporaryDirectory(dir=BUILD) as folder:  # classes may run at the same time
        made = os.path.join(folder, "client")
        for step in (["-c", SOURCE, "-o", made + ".o"], [made + ".o", "-o", made, *flags]):
            done = subprocess.run(["ccache", "clang++-19", "-std=c++20", "-O0", *step], capture_output=True, text=True)
            if done.returncode != 0:
                raise AssertionError(done.stderr)
        os.rename(made, CLIENT)


class Backend(Grpc):
    """Keeps with which metadata it was asked."""

    def __init__(self):
        super().__init__()
        self.asked = {}

    def get(self, request, context):
        self.asked[request] = dict(context.invocation_metadata())
        return super().get(request, context)


class Calls:
    """What holds in plain and over TLS."""

    @classmethod
    def setUpClass(cls):
        build_client()
        cls.backend = Backend()
        server = grpc.server(concurrent.futures.ThreadPoolExecutor(8), handlers=[cls.backend])
        cls.grpc_port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        cls.addClassCleanup(lambda: server.stop(0).wait())
        super().setUpClass()

    @classmethod
    def policy(cls):
        at = {"upstream": {"endpoints": [f"http://127.0.0.1:{cls.grpc_port}"], "protocol": "http2"}, "host": "grpc.test"}
        actions = {"call": {"grpc": ["acme.billing.v1.Billing/*"]}, "administer": {"grpc": ["acme.billing.v1.Admin/*"]}}
        granted = [{"job": {"issuer": "gitlab", "project_path": "acme/billing"}}]
        return {"resources": {"billing": {"http": at, "actions": actions}}, "roles": {"deploy": {"granted_to": granted, "allow": ["billing/call"]}}}

    def calls(self, port):
        """name -> (status, text, what was received)."""
        self.backend.cancelled.clear()
        done = subprocess.run([CLIENT, f"127.0.0.1:{port}", "grpc.test", self.gate.tls or ""], input=self.gate.access(self.issuer) + "\n",
                              capture_output=True, text=True, timeout=60 * SLOW)
        self.assertEqual(done.returncode, 0, done.stderr)
        lines = [line.split("\t") for line in done.stdout.splitlines()]
        return {name: (code_name(int(code)), text, received.split()) for name, code, text, received in lines}

    def check(self, port):
        calls = self.calls(port)
        self.assertEqual(calls["unary"], ("OK", "", ["got", "42", "x-cost=3"]))
        self.assertEqual(calls["fail"][:2], ("NOT_FOUND", "no such invoice"))
        self.assertEqual(calls["large"], ("OK", "", ["3000004", "x-cost=3"]))
        self.assertEqual(calls["collect"], ("OK", "", ["abc"]))
        self.assertEqual(calls["talk"], ("OK", "", ["heard", "one", "heard", "two", "heard", "three"]))
        self.assertEqual((calls["cancel"][0], calls["cancel"][2]), ("CANCELLED", ["0", "1", "2"]))
        self.assertEqual(calls["deadline"][0], "DEADLINE_EXCEEDED")
        self.assertTrue(self.backend.cancelled.wait(20 * SLOW), "the backend is told")
        for name, code, reason in (("refused", "PERMISSION_DENIED", "not_permitted"), ("nobody", "UNAUTHENTICATED", "token_missing")):
            self.assertEqual(calls[name][0], code, calls[name])
            self.assertIn(reason, calls[name][1])
            self.assertEqual(calls[name][2][-2:], ["google.rpc.ErrorInfo", reason.upper()])
        self.check_metadata(self.backend.asked.pop(b"metadata"))

    def check_metadata(self, seen):
        self.assertEqual((seen["x-mine"], seen["x-blob-bin"]), ("kept", b"\x00\xff\n"))
        self.assertIn("watchword-assertion", seen)
        self.assertNotIn("x-watchword-role", seen)
        self.assertNotIn("authorization", seen)

    def test_every_kind_of_call_through_the_gateway(self):
        self.check(self.gate.gateway)

    def test_every_kind_of_call_through_envoy(self):
        self.check(self.port)


class Plain(Calls, EnvoyInFront):
    pass


class Tls(Calls, Https, EnvoyInFront):
    @classmethod
    def config(cls):
        authority = Authority(cls.gate.folder, "ca")
        certificate, key = authority.issue("gate", "DNS:localhost,DNS:grpc.test,IP:127.0.0.1")
        cls.gate.tls = authority.certificate
        return super().config() | {"url": cls.gate.url, "tls": {"certificate": certificate, "key": key}}
