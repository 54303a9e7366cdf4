"""Upstreams by name: followed when their name moves, kept while no name server answers, and never led to where no backend is."""

import http.server
import threading
import unittest

from support.case import GateCase
from support.fake_dns import FakeDns
from support.gate import policy_for
from support.issuer import Quiet
from support.net import Raw, eventually, free_port


def backend(host, port, name):
    class Handler(http.server.BaseHTTPRequestHandler):  # HTTP/1.0: each request has a connection of its own
        def log_message(self, *_):
            pass

        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(name)

    server = Quiet((host, port), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    return server


class Names(GateCase):
    HOSTS = ("moving", "steady", "kept", "rebound", "silent", "metadata", "missing")

    @classmethod
    def setUpClass(cls):
        cls.dns = FakeDns()
        cls.addClassCleanup(cls.dns.stop)
        cls.port = free_port()
        for host, name in (("127.0.0.1", b"one"), ("127.0.0.2", b"two")):
            server = backend(host, cls.port, name)
            cls.addClassCleanup(server.server_close)
            cls.addClassCleanup(server.shutdown)
        super().setUpClass()

    @classmethod
    def config(cls):
        return {"dns": {"servers": [cls.dns.server]}}

    @classmethod
    def policy(cls):
        policy = policy_for(cls.upstream.url)
        billing = policy["resources"]["billing-api"]
        for name in cls.HOSTS:
            every = "30s" if name == "steady" else "1s"
            upstream = {"endpoints": [f"http://{name}.internal.example.com:{cls.port}"], "resolve_every": every, "eject": {"after": 1}}
            policy["resources"][name] = billing | {"http": {"upstream": upstream, "host": name + ".test", "timeouts": {"connect": "3s"}}}
            policy["roles"]["deploy"]["allow"] += [name + "/read"]
        policy["resources"]["metadata-db"] = {"tcp": {"upstream": f"metadata.internal.example.com:{cls.port}"}}
        policy["roles"]["deploy"]["allow"].append("metadata-db/connect")
        return policy

    def setUp(self):
        self.token = self.gate.access(self.issuer)

    def say(self, name, *addresses, ttl=0):
        self.dns.ttl = ttl
        self.dns.names[name + ".internal.example.com"] = list(addresses)

    def asked(self, name):
        return self.dns.asked.count(name + ".internal.example.com")

    def get(self, name):
        return self.gate.request("GET", "/v1/x", self.token, name + ".test")

    def test_a_name_that_moves_is_followed(self):
        self.say("moving", "127.0.0.1")
        self.assertEqual(self.get("moving").body, b"one")
        self.say("moving", "127.0.0.2")
        eventually(lambda: self.get("moving").body == b"two", "requests go where the name leads now")
        self.assertEqual({self.get("moving").body for _ in range(10)}, {b"two"})

    def test_a_name_is_asked_once_for_as_long_as_its_ttl_says(self):
        self.say("steady", "127.0.0.1", ttl=3600)
        self.assertEqual({self.get("steady").body for _ in range(50)}, {b"one"})
        self.assertLessEqual(self.asked("steady"), 3, "and not for each of the 50 connections")

    def test_while_no_name_server_can_say_the_last_addresses_are_kept(self):
        self.say("kept", "127.0.0.1")
        self.assertEqual(self.get("kept").body, b"one")
        self.dns.failing = True
        self.addCleanup(setattr, self.dns, "failing", False)
        before = self.asked("kept")
        eventually(lambda: self.asked("kept") > before, "the name is asked again, in vain")
        self.assertEqual({self.get("kept").body for _ in range(10)}, {b"one"})
        self.assert_refused(self.get("missing"), 502, "upstream_unreachable")

    def test_a_name_that_does_not_exist_is_a_reason(self):
        self.assert_refused(self.get("missing"), 502, "upstream_unreachable")

    def test_a_name_server_that_is_silent_costs_the_time_to_connect_and_no_more(self):
        self.dns.names["silent.internal.example.com"] = None
        self.assertIn(self.get("silent").reason, ("upstream_timeout", "upstream_unreachable"))

    def test_a_name_does_not_lead_to_where_no_backend_is(self):
        self.say("metadata", "169.254.169.254")
        self.assert_refused(self.get("metadata"), 502, "upstream_forbidden")
        with Raw(self.gate.gateway) as raw:
            name = f"metadata-db:{self.port}"
            raw.send(f"CONNECT {name} HTTP/1.1\r\nHost: {name}\r\nProxy-Authorization: Bearer {self.token}\r\n\r\n")
            self.assertTrue(raw.read_until(b"\r\n\r\n").startswith(b"HTTP/1.1 502 "))
            self.assertIn(b"upstream_forbidden", raw.read_all())

    def test_a_name_that_changes_its_answer_gains_nothing(self):
        self.say("rebound", ["127.0.0.1"], ["169.254.169.254"])
        self.assertEqual(self.get("rebound").body, b"one")
        eventually(lambda: self.get("rebound").reason == "upstream_forbidden", "the second answer is refused")
        self.assertIn("upstream_forbidden: found 169.254.169.254 (", self.gate.log_text())


if __name__ == "__main__":
    unittest.main()
