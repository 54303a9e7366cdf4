"""One resource with three backends: requests go on while one of them, or all, are away; and where a name may not lead."""

import http.server
import json
import threading
import unittest

from support.case import GateCase
from support.fake_dns import FakeDns
from support.gate import policy_for
from support.issuer import Quiet
from support.net import eventually, free_port


class Backend:
    """Answers with its name and closes the connection; /v1/hangup takes the request and answers nothing."""

    def __init__(self, name):
        self.name = name
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.seen = []  # (method, path), without health checks
        self.checks = 0
        self.start()

    def start(self):
        self._server = Quiet(("127.0.0.1", self.port), self._handler())
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def stop(self):
        if self._server:
            self._server.shutdown()
            self._server.server_close()
        self._server = None

    def _handler(backend):
        class Handler(http.server.BaseHTTPRequestHandler):  # HTTP/1.0: a backend that is stopped keeps no connection
            def log_message(self, *_):
                pass

            def answer(self):
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                if self.path == "/healthz":
                    backend.checks += 1
                else:
                    backend.seen.append((self.command, self.path))
                if self.path == "/v1/hangup":
                    return
                text = backend.name.encode() + body
                self.send_response(200)
                self.send_header("content-length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            do_GET = do_POST = do_PUT = answer

        return Handler


class ThreeBackends(GateCase):
    @classmethod
    def config(cls):
        cls.dns = FakeDns()
        cls.addClassCleanup(cls.dns.stop)
        cls.dns.names = {"metadata.internal.example.com": ["169.254.169.254"], "unspecified.internal.example.com": ["0.0.0.0"]}
        return {"dns": {"servers": [cls.dns.server]}}

    @classmethod
    def policy(cls):
        cls.backends = [Backend(name) for name in "abc"]
        for one in cls.backends:
            cls.addClassCleanup(one.stop)
        port = cls.upstream.port
        policy = policy_for({
            "endpoints": [one.url for one in cls.backends],
            "health": {"path": "/healthz", "every": "200ms", "timeout": "2s", "healthy": 1, "unhealthy": 1},
            "eject": {"after": 3, "for": "1s"},
        })
        billing = policy["resources"]["billing-api"]
        hosts = {"metadata": "metadata.internal.example.com", "unspecified": "unspecified.internal.example.com", "literal": "0.0.0.0"}
        upstreams = {name: {"endpoints": [f"http://{host}:{port}"], "eject": {"after": 1}} for name, host in hosts.items()}
        # What is known of a backend by requests alone.
        upstreams["unchecked"] = {"endpoints": [one.url for one in cls.backends], "eject": {"after": 1000}}
        for name, upstream in upstreams.items():
            policy["resources"][name] = billing | {"http": {"upstream": upstream, "host": name + ".test"}}
            policy["roles"]["deploy"]["allow"] += [name + "/read", name + "/write"]
        return policy

    def setUp(self):
        self.token = self.gate.access(self.issuer)
        self.get()  # checks begin with the first request
        self.in_rotation(3)
        for one in self.backends:
            one.seen.clear()

    def get(self, path="/v1/x", **options):
        return self.gate.request("GET", path, self.token, **options)

    def metric(self, name, resource="billing-api"):
        return self.gate.metric(f'watchword_upstream_{name}{{resource="{resource}"}}')

    def in_rotation(self, count):
        eventually(lambda: self.metric("healthy") == count, f"{count} endpoints are in rotation")

    def test_requests_go_round_all_of_them(self):
        replies = [self.get() for _ in range(24)]  # each loop of the gate goes round by itself
        self.assertEqual({reply.body for reply in replies}, {b"a", b"b", b"c"})

    def test_a_backend_that_dies_is_not_noticed_and_comes_back(self):
        b = self.backends[1]
        b.stop()
        try:
            replies = [self.get(host="unchecked.test") for _ in range(12)]
            replies += [self.gate.request("POST", "/v1/x", self.token, "unchecked.test", b"-data") for _ in range(12)]
            self.assertEqual({reply.status for reply in replies}, {200}, "no connection came about: any request goes elsewhere")
            self.assertEqual({reply.body for reply in replies}, {b"a", b"c", b"a-data", b"c-data"})
            self.assertGreater(self.metric("retries_total", "unchecked"), 0)
            self.in_rotation(2)
        finally:
            b.start()
        self.in_rotation(3)
        eventually(lambda: self.get().body == b"b", "it gets requests again")

    def test_when_all_are_away_the_reason_is_told_and_the_first_to_return_is_found(self):
        for one in self.backends:
            one.stop()
        try:
            self.in_rotation(0)
            self.assert_refused(self.get(), 502, "upstream_unreachable")
        finally:
            for one in self.backends:
                one.start()
        eventually(lambda: self.get().status == 200, "requests are answered again")
        self.in_rotation(3)

    def test_what_may_have_arrived_is_repeated_only_where_that_does_no_harm(self):
        def sent():
            return sum(len(one.seen) for one in self.backends)

        for method, body, times in (("GET", None, 2), ("POST", b"", 1), ("POST", b"data", 1), ("PUT", b"data", 1)):
            before = sent()
            refused = self.gate.request(method, "/v1/hangup", self.token, "unchecked.test", body)
            self.assert_refused(refused, 502, "upstream_unreachable")
            self.assertEqual(sent(), before + times, (method, body))

    def load(self, policy):
        self.gate.write(self.gate.policy_file, policy)
        self.assertEqual(self.gate.cli("policy", "reload").returncode, 0)
        self.get()

    def test_a_new_policy_ends_the_checks_of_the_old_one(self):
        a, b, _ = self.backends
        with open(self.gate.policy_file) as file:
            before = file.read()
        policy = json.loads(before)
        policy["resources"]["billing-api"]["http"]["upstream"]["endpoints"] = [a.url]
        self.addCleanup(self.load, before)
        self.load(policy)
        self.in_rotation(1)

        def unchecked():
            checks, later = b.checks, a.checks + 3
            eventually(lambda: a.checks >= later, "a is checked")
            return b.checks == checks

        eventually(unchecked, "b is not checked any more")

    def test_a_name_does_not_lead_to_where_no_backend_is(self):
        for name, address in (("metadata", "169.254.169.254"), ("unspecified", "0.0.0.0")):
            refused = self.get(host=name + ".test")
            self.assert_refused(refused, 502, "upstream_forbidden")
            self.assertNotIn(address.encode(), refused.body, "a job is not told what the inside looks like")
            self.assertIn(f"upstream_forbidden: found {address} (", self.gate.log_text())
        self.assertEqual(self.upstream.seen, [])
        self.assertEqual(self.get(host="literal.test").body, b"ok", "the policy itself names the address")


if __name__ == "__main__":
    unittest.main()
