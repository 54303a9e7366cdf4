"""What Envoy says of a request that is over joins the record of its decision."""

import concurrent.futures
import socket

from envoy_front import EnvoyInFront
from support.gate import policy_for
from support.keys import claims_of
from support.net import SLOW, eventually


class Logged(EnvoyInFront):
    @classmethod
    def policy(cls):
        return policy_for(cls.upstream.url, response={"remove_headers": ["x-powered-by"]})

    def setUp(self):
        self.token = self.gate.access(self.issuer)

    def requests(self, path, method="GET"):
        return [one for one in self.gate.entries() if one["event"] == "request" and (one.get("path"), one.get("method")) == (path, method)]

    def done(self, record):
        return [one for one in self.gate.entries() if one["event"] == "request_done" and one["detail"]["request"] == record]

    def finished(self, path, method="GET"):
        """The decision of the one request to `path`, and what became of it."""
        decision = eventually(lambda: self.requests(path, method), "the decision is on record")[0]
        done = eventually(lambda: self.done(decision["id"]), "what became of it is on record")
        self.assertEqual(len(done), 1)
        return decision, done[0]

    def logged(self, outcome):
        return self.gate.metric(f'watchword_envoy_log_entries_total{{outcome="{outcome}"}}')

    def test_an_entry_names_the_record_and_says_what_passed(self):
        reply = self.ask("/v1/bytes/70000", self.token, method="POST", body=b"x" * 1234)
        self.assertEqual((reply.status, len(reply.body)), (200, 70000))
        decision, done = self.finished("/v1/bytes/70000", "POST")
        detail = done["detail"]
        self.assertEqual((detail["status"], detail["bytes_up"], detail["bytes_down"]), (200, 1234, 70000))
        self.assertEqual((detail["upstream"], detail["ended"]), (f"127.0.0.1:{self.upstream.port}", "via_upstream"))
        self.assertGreaterEqual(detail["duration_ms"], 0)
        self.assertNotIn("flags", detail)
        for key in ("session", "resource", "action", "who"):
            self.assertEqual(done[key], decision[key])
        self.assertEqual(done["decision"], "allow")

    def test_a_client_that_goes_away_shows(self):
        with socket.create_connection(("127.0.0.1", self.port), timeout=10 * SLOW) as client:
            client.sendall(f"GET /v1/hang HTTP/1.1\r\nhost: billing.test\r\nauthorization: Bearer {self.token}\r\n\r\n".encode())
            self.assertTrue(self.upstream.hanging.acquire(timeout=10 * SLOW))
        detail = self.finished("/v1/hang")[1]["detail"]
        self.assertEqual((detail["bytes_down"], detail["flags"]), (0, "DC"))
        self.assertIn("downstream", detail["ended"])

    def test_what_was_cut_says_so(self):
        with concurrent.futures.ThreadPoolExecutor(1) as other:
            asked = other.submit(self.ask, "/v1/hang", self.token, method="POST", body=b"cut")
            self.assertTrue(self.upstream.hanging.acquire(timeout=10 * SLOW))
            self.assertEqual(self.gate.cli("sessions", "end", claims_of(self.token)["sid"], "--why", "test").returncode, 0)
            self.assert_refused(asked.result(), 401, "session_ended")
        cut = eventually(lambda: [one for one in self.gate.entries() if one["event"] == "request_cut"], "the cut is on record")[0]
        done = eventually(lambda: self.done(cut["id"]), "what became of it is on record")[0]
        self.assertEqual((done["detail"]["ended"], done["session"]), ("watchword:session_ended", cut["session"]))

    def test_refusals_are_on_record_once(self):
        skipped, without = self.logged("skipped"), self.logged("no_record")
        self.assertEqual(self.ask("/v1/refused").status, 401)
        self.assertEqual(self.ask("/v1/after", self.token).status, 200)
        self.finished("/v1/after")
        self.assertEqual(self.done(self.requests("/v1/refused")[0]["id"]), [])
        self.assertEqual((self.logged("skipped"), self.logged("no_record")), (skipped, without), "Envoy does not even send them")

    def test_a_gate_that_was_restarted_hears_of_requests_again_and_stops_in_time(self):
        self.assertEqual(self.ask("/v1/before", self.token).status, 200)
        self.finished("/v1/before")
        self.assertEqual(self.gate.stop(), 0, "the log's stream holds up no stop")
        self.gate.start()
        again = lambda: self.ask("/v1/again", self.token).status == 200
        eventually(again, "Envoy found the gate again")

        def heard():
            self.ask("/v1/again", self.token)
            return any(self.done(one["id"]) for one in self.requests("/v1/again"))
        eventually(heard, "what becomes of requests is on record again", 20)


class WithoutRecords(EnvoyInFront):
    @classmethod
    def config(cls):
        return super().config() | {"audit": {"requests": "off"}}

    def test_nothing_is_written(self):
        self.assertEqual(self.ask("/v1/x", self.gate.access(self.issuer)).status, 200)
        skipped = lambda: self.gate.metric('watchword_envoy_log_entries_total{outcome="skipped"}')
        eventually(skipped, "Envoy has told of it")
        self.assertEqual([one["event"] for one in self.gate.entries() if one["event"].startswith("request")], [])
