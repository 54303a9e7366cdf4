"""The proxy as HTTP clients and backends meet it: streaming, keep-alive, time limits, failures with a reason."""

import json
import os
import subprocess
import tempfile
import threading

from support.case import GateCase
from support.gate import SANITIZED, policy_for
from support.net import Raw, call, connect, eventually, free_port

MEGABYTE = 1 << 20


class Http(GateCase):
    @classmethod
    def policy(cls):
        policy = policy_for(cls.upstream.url)
        billing = policy["resources"]["billing-api"]

        def add(name, upstream, **http):
            policy["resources"][name] = billing | {"http": {"upstream": upstream, "host": name + ".test"} | http}
            policy["roles"]["deploy"]["allow"] += [name + "/read", name + "/write"]

        add("refused", f"http://127.0.0.1:{free_port()}")
        add("impatient", cls.upstream.url, timeouts={"response": "300ms", "idle": "300ms"})
        policy["resources"]["by-path"] = billing | {"http": {"upstream": cls.upstream.url, "prefix": "/by-path"}}
        policy["roles"]["deploy"]["allow"].append("by-path/read")
        return policy

    def setUp(self):
        self.upstream.seen.clear()
        self.token = self.gate.access(self.issuer)

    def head(self, line, *headers, host="billing.test"):
        return "\r\n".join([line + " HTTP/1.1", "Host: " + host, "Authorization: Bearer " + self.token, *headers]) + "\r\n\r\n"

    def curl(self, *arguments):
        command = ["curl", "-sS", "--max-time", "120", "-H", "Host: billing.test", "-H", "@-", *arguments]
        return subprocess.run(command, input=f"Authorization: Bearer {self.token}\n".encode(), capture_output=True)

    def url(self, path):
        return f"http://127.0.0.1:{self.gate.gateway}{path}"

    def test_refusals_say_what_is_missing(self):
        token = self.token
        cases = [
            (dict(method="GET", path="/v1/x", token=None), 401, "token_missing"),
            (dict(method="GET", path="/v1/x", token="x.y.z"), 401, "token_malformed"),
            (dict(method="GET", path="/v1/x", token=self.issuer.mint()), 401, "token_type_not_accepted"),
            (dict(method="GET", path="/v1/x", token=token, host="unknown.test"), 404, "host_unknown"),
            (dict(method="DELETE", path="/other", token=token), 403, "action_unknown"),
            (dict(method="TRACE", path="/v1/x", token=token), 405, "method_not_allowed"),
            (dict(method="POST", path="/v1/x", token=self.gate.access(self.issuer, ref="feature/x")), 403, "context_not_met"),
        ]
        for request, status, reason in cases:
            with self.subTest(reason):
                reply = self.gate.request(**request)
                self.assert_refused(reply, status, reason)
                self.assertEqual(reply.headers["content-type"], "application/problem+json")
                self.assertTrue(reply.json["fix"])
                entry = self.gate.entry(reply.json["record"])
                self.assertEqual((entry["decision"], entry["reason"]), ("deny", reason))
        self.assertEqual(self.upstream.seen, [])

    def test_an_unverified_caller_learns_nothing_of_the_policy(self):
        for token in (None, "x.y.z", self.issuer.mint()):
            reply = self.gate.request("GET", "/v1/x", token).json
            self.assertFalse({"rule", "role", "you_are", "found", "expected"} & set(reply), reply)

    def test_a_path_prefix_is_taken_off(self):
        reply = self.gate.request("GET", "/by-path/v1/x?a=b", self.token, host=f"127.0.0.1:{self.gate.gateway}")
        self.assertEqual((reply.status, self.upstream.last().path), (200, "/v1/x?a=b"))
        reply = self.gate.request("GET", "/by-pathology", self.token, host=f"127.0.0.1:{self.gate.gateway}")
        self.assert_refused(reply, 404, "host_unknown")

    def test_pipelined_requests_are_answered_in_order(self):
        with Raw(self.gate.gateway) as raw:
            raw.send(self.head("GET /v1/bytes/3") + self.head("POST /v1/x", "Content-Length: 2") + "hi" + self.head("GET /v1/bytes/4"))
            self.assertEqual([raw.read_response() for _ in range(3)], [(200, b"xxx"), (200, b"ok"), (200, b"xxxx")])

    def test_a_connection_carries_many_requests_allowed_and_refused(self):
        connection = connect(self.gate.gateway)
        for n in range(50):
            headers = {"host": "billing.test"} | ({"authorization": "Bearer " + self.token} if n % 2 else {})
            reply = call(None, "GET", "/v1/x", headers, connection=connection)
            self.assertEqual(reply.status, 200 if n % 2 else 401)
            sock = connection.sock if n == 0 else sock
            self.assertIs(connection.sock, sock)
        connection.close()

    def test_head_has_no_body_and_the_connection_goes_on(self):
        with Raw(self.gate.gateway) as raw:
            raw.send(self.head("HEAD /v1/bytes/5"))
            self.assertIn(b"content-length: 5", raw.read_until(b"\r\n\r\n").lower())
            raw.send(self.head("GET /v1/x"))
            self.assertEqual(raw.read_response(), (200, b"ok"))

    def test_expect_continue_waits_for_the_decision(self):
        with Raw(self.gate.gateway) as raw:
            raw.send(self.head("POST /v1/x", "Expect: 100-continue", "Content-Length: 4"))
            self.assertTrue(raw.read_until(b"\r\n\r\n").startswith(b"HTTP/1.1 100 "))
            raw.send("data")
            self.assertEqual(raw.read_response(), (200, b"ok"))
        self.assertEqual(self.upstream.last().body, b"data")
        with Raw(self.gate.gateway) as raw:  # refused: the body is never asked for
            raw.send("POST /v1/x HTTP/1.1\r\nHost: billing.test\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n")
            self.assertEqual(raw.read_response()[0], 401)

    def test_chunks_and_trailers_pass_both_ways(self):
        with Raw(self.gate.gateway) as raw:
            raw.send(self.head("POST /v1/trailers", "Transfer-Encoding: chunked", "Trailer: x-check"))
            raw.send("3;ext=1\r\nabc\r\n")
            raw.send("4\r\ndefg\r\n0\r\nx-check: 7\r\n\r\n")
            answer = raw.read_until(b"x-sum: 11\r\n\r\n")
        self.assertIn(b"transfer-encoding: chunked", answer.lower())
        self.assertEqual((self.upstream.last().body, self.upstream.last().trailers), (b"abcdefg", [("x-check", "7")]))

    def test_large_bodies_stream_both_ways_in_bounded_memory(self):
        size = 100 * MEGABYTE
        down = self.curl("-o", "/dev/null", "-w", "%{http_code} %{size_download}", self.url(f"/v1/bytes/{size}"))
        self.assertEqual(down.stdout.decode(), f"200 {size}", down.stderr)
        with tempfile.NamedTemporaryFile() as file:
            file.truncate(size)
            for how in ((), ("-H", "Transfer-Encoding: chunked")):
                up = self.curl("-T", file.name, *how, "-w", " %{http_code}", self.url("/v1/upload"))
                self.assertEqual(up.stdout.decode(), "ok 200", up.stderr)
                self.assertEqual(self.upstream.last().size, size)
        if not SANITIZED:
            with open(f"/proc/{self.gate.process.pid}/status") as status:
                peak = next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
            self.assertLess(peak, 150 * 1024, "kB of resident memory at the most")

    def test_a_slow_reader_holds_back_the_upstream_and_not_the_gate(self):
        with Raw(self.gate.gateway) as raw:
            taken_before = self.upstream.streamed
            raw.send(self.head(f"GET /v1/bytes/{200 * MEGABYTE}"))
            raw.read_until(b"\r\n\r\n")

            def stands_still():
                before = self.upstream.streamed
                for _ in range(20):
                    self.assertEqual(self.gate.request("GET", "/v1/x", self.token).status, 200)
                return self.upstream.streamed == before

            eventually(stands_still, "the upstream can send no more")
            self.assertLess(self.upstream.streamed, taken_before + 64 * MEGABYTE, "what fits into the sockets' buffers on the way")

    def test_upstream_failures_have_a_status_and_a_reason(self):
        cases = [("refused.test", "/v1/x", 502, "upstream_unreachable"), ("billing.test", "/v1/garbage", 502, "upstream_malformed"),
                 ("impatient.test", "/v1/hang", 504, "upstream_timeout")]
        for host, path, status, reason in cases:
            with self.subTest(reason):
                reply = self.gate.request("GET", path, self.token, host=host)
                self.assert_refused(reply, status, reason)
                self.assertEqual(self.gate.entry(reply.json["record"])["resource"], host.removesuffix(".test").replace("billing", "billing-api"))
        self.upstream.release()

    def test_an_answer_that_ends_early_is_seen_to_end_early(self):
        cut = self.curl("-o", "/dev/null", self.url("/v1/cut"))
        self.assertIn(cut.returncode, (18, 56), "curl: transfer closed with outstanding read data, or reset")

    def test_what_an_upstream_sends_unasked_answers_nobody(self):
        for _ in range(5):
            self.assertEqual(self.gate.request("GET", "/v1/more", self.token).body, b"ok")
            self.assertTrue(self.upstream.sent_more.acquire(timeout=10))
            self.assertEqual(self.gate.request("GET", "/v1/x", self.token).body, b"ok")

    def test_switching_protocols_is_refused(self):
        reply = self.gate.request("GET", "/v1/x", self.token, connection="Upgrade", upgrade="h2c")
        self.assert_refused(reply, 501, "upgrade_unsupported")
        handshake = {"connection": "Upgrade", "upgrade": "websocket", "sec_websocket_version": "13", "sec_websocket_key": "dGhlIHNhbXBsZSBub25jZQ=="}
        self.assert_refused(self.gate.request("GET", "/v1/x", self.token, **handshake), 403, "action_unknown")
        with Raw(self.gate.gateway) as raw:
            raw.send(f"CONNECT billing.test:443 HTTP/1.1\r\nHost: billing.test:443\r\nProxy-Authorization: Bearer {self.token}\r\n\r\n")
            self.assertRegex(raw.read_all(), rb"^HTTP/1\.1 404 ")

    def test_every_allowed_request_is_on_record(self):
        reply = self.gate.request("GET", "/v1/recorded?secret=hunter2", self.token, x_request_id="abc")
        self.assertEqual(reply.status, 200)
        find = lambda: [e for e in self.gate.entries() if e.get("path") == "/v1/recorded"]
        (entry,) = eventually(find, "the request is in the log")
        self.assertEqual((entry["decision"], entry["resource"], entry["action"], entry["method"]), ("allow", "billing-api", "read", "GET"))
        self.assertEqual(entry["who"]["project"], "acme/billing")
        self.assertNotIn("hunter2", json.dumps(entry))


class SlowClients(GateCase):
    """Each limit in its own thread: the test takes as long as the longest."""

    def test_slow_clients_are_cut(self):
        token = self.gate.access(self.issuer)
        begun = f"POST /v1/x HTTP/1.1\r\nHost: billing.test\r\nAuthorization: Bearer {token}\r\n"
        results = {}

        def dribble(name, first, piece):
            stop = threading.Event()
            with Raw(self.gate.gateway, timeout=60) as raw:
                raw.send(first)

                def feed():
                    while piece and not stop.wait(0.5):
                        try:
                            raw.send(piece)
                        except OSError:
                            return

                feeder = threading.Thread(target=feed)
                feeder.start()
                results[name] = raw.read_all()
                stop.set()
                feeder.join()

        threads = [
            threading.Thread(target=dribble, args=("a header byte now and then", begun, "x")),
            threading.Thread(target=dribble, args=("a head that stops", begun, "")),
            threading.Thread(target=dribble, args=("a body that stops", begun + "Content-Length: 10\r\n\r\nabc", "")),
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for name, answer in results.items():
            with self.subTest(name):
                self.assertRegex(answer, rb"^HTTP/1\.1 408 ")
        self.assertEqual(len(results), 3)
        self.assertEqual(self.gate.request("GET", "/v1/x", token).status, 200)


class Drain(GateCase):
    def test_sigterm_finishes_what_is_in_flight_and_refuses_what_is_new(self):
        token = self.gate.access(self.issuer)
        replies = []
        thread = threading.Thread(target=lambda: replies.append(self.gate.request("GET", "/v1/hang", token)))
        thread.start()
        self.assertTrue(self.upstream.hanging.acquire(timeout=10))
        self.gate.process.terminate()

        def refused():
            try:
                return self.gate.request("GET", "/v1/x", token).status == 503
            except OSError:
                return True

        eventually(refused, "new requests are refused")
        self.assertIsNone(self.gate.process.poll())
        self.upstream.release()
        thread.join(20)
        self.assertEqual([reply.status for reply in replies], [200])
        self.assertEqual(self.gate.process.wait(20), 0)
        self.assertFalse(os.path.exists(self.gate.admin), "the admin socket is gone")
        verified = self.gate.verify_log()
        self.assertEqual(verified.returncode, 0, verified.stderr)

    def test_sigterm_does_not_wait_for_idle_connections(self):
        if self.gate.process.poll() is not None:
            self.gate.start()
        idle = connect(self.gate.gateway)
        idle.connect()
        self.assertEqual(self.gate.stop(), 0)
        idle.close()


