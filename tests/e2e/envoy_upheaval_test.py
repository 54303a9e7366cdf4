"""Envoy and the gate restarted and killed under load, and clocks that disagree: nothing passes that was not allowed, and all recovers by itself."""

import base64
import glob
import hashlib
import http.client
import threading
import time
import unittest

from joserfc import jwt
from joserfc.jwk import ECKey

from envoy_front import EnvoyInFront
from support.keys import claims_of
from support.net import call, eventually

FAKETIME = next(iter(glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")), None)
CLOSED = "no answer"
FAILED = {500, 503}  # what Envoy says when it has nobody to ask


class Load:
    """Threads that ask without pause. `phase` is the caller's; `outcomes`: (phase before, phase after, which, status or CLOSED)."""

    def __init__(self, ask, which, threads=2):
        self.ask, self.phase, self.outcomes, self.over = ask, "before", [], threading.Event()
        self.threads = [threading.Thread(target=self.run, args=(one,)) for one in which for _ in range(threads)]

    def run(self, which):
        while not self.over.is_set():
            before = self.phase
            try:
                status = self.ask(which)
            except (OSError, http.client.HTTPException):
                status = CLOSED
            self.outcomes.append((before, self.phase, which, status))

    def of(self, phase, which):
        """What came of those that were asked and answered within a phase."""
        return {status for before, after, asked, status in self.outcomes if before == after == phase and asked == which}

    def seen(self, phase, which):
        eventually(lambda: self.of(phase, which), f"{which} {phase}", 20)

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        for thread in self.threads:
            thread.join()


class Restarts(EnvoyInFront):
    def setUp(self):
        self.tokens = {"good": self.gate.access(self.issuer), "bad": "x.y.z", "ended": self.gate.access(self.issuer)}
        job = claims_of(self.tokens["ended"])["job"]["job"]
        self.assertEqual(self.gate.cli("sessions", "end", "--job", job, "--why", "over").returncode, 0)
        self.upstream.seen.clear()

    def load(self):
        return Load(lambda which: self.ask("/v1/" + which, self.tokens[which]).status, list(self.tokens))

    def turn(self, down, up, failures):
        """Runs the load before, while one of the two is away, and after; in its going and coming any of it may be seen."""
        with self.load() as load:
            self.look(load, "before")
            load.phase = "going"
            down()
            self.look(load, "away")
            load.phase = "coming"
            up()
            eventually(self.answers_well, "all is well again", 20)
            self.look(load, "after")
        for phase in ("before", "after"):
            self.assertEqual([load.of(phase, which) for which in self.tokens], [{200}, {401}, {401}], phase)
        for which, right in zip(self.tokens, (200, 401, 401)):
            self.assertLessEqual(load.of("away", which), failures, which)
            for phase in ("going", "coming"):
                self.assertLessEqual(load.of(phase, which), failures | {right}, which)
        self.assertEqual({seen.path for seen in self.upstream.seen}, {"/v1/good"}, "who may not pass never did")

    def look(self, load, phase):
        load.phase = phase
        for which in self.tokens:
            load.seen(phase, which)

    def answers_well(self):
        try:
            return self.ask("/v1/good", self.tokens["good"]).status == 200
        except OSError:
            return False

    def test_envoy_killed_and_started_again(self):
        self.turn(self.envoy.stop, self.start_envoy, {CLOSED})

    def test_the_gate_killed_and_started_again(self):
        self.turn(self.gate.kill, self.gate.start, FAILED)

    def test_the_gate_stopped_and_started_again(self):
        self.turn(self.gate.stop, self.gate.start, FAILED)


class Clocks(EnvoyInFront):
    @classmethod
    def config(cls):
        return super().config() | {"dpop": {"nonce": "off"}}

    def proof(self, method, url, shift=0, token=None):
        """A proof by a client whose clock is `shift` seconds ahead of ours."""
        claims = {"htm": method, "htu": url, "iat": int(time.time()) + shift, "jti": str(time.time_ns())}
        if token:
            claims["ath"] = base64.urlsafe_b64encode(hashlib.sha256(token.encode()).digest()).rstrip(b"=").decode()
        return jwt.encode({"typ": "dpop+jwt", "alg": "ES256", "jwk": self.key.as_dict(private=False)}, claims, self.key)

    def test_a_proof_s_clock_may_differ_by_a_minute(self):
        self.key = ECKey.generate_key("P-256")
        reply = self.gate.exchange(self.issuer.mint(), {"dpop": self.proof("POST", self.gate.url + "/oauth/token")})
        self.assertEqual(reply.status, 200, reply.body)
        token = reply.json["access_token"]
        for shift, status in ((0, 200), (45, 200), (-45, 200), (90, 401), (-90, 401), (7200, 401), (-7200, 401)):
            headers = {"host": "billing.test", "authorization": "DPoP " + token, "dpop": self.proof("GET", "http://billing.test/v1/x", shift, token)}
            reply = call(self.port, "GET", "/v1/x", headers)
            self.assertEqual((reply.status, reply.reason), (status, None if status == 200 else "dpop_invalid"), shift)

    @unittest.skipIf(not FAKETIME, "needs faketime")
    def test_the_gate_s_clock_two_hours_forth_and_back(self):
        token = self.gate.access(self.issuer)
        self.assertEqual(self.ask("/v1/x", token).status, 200)
        self.moved("+2h")
        self.assert_refused(self.ask_again(token), 401, "token_expired")
        ended = lambda: self.gate.admin_get("/api/v1/sessions/" + claims_of(token)["sid"])["state"] == "ended"
        eventually(ended, "the end of the session is on record")
        self.assertEqual(self.ask("/v1/x", self.gate.access(self.issuer, shift=7200)).status, 200)
        self.moved(None)
        self.assertEqual(self.ask_again(token).status, 401)  # the way back resurrects nothing
        self.assertEqual(self.ask("/v1/x", self.gate.access(self.issuer)).status, 200)

    def moved(self, shift):
        self.assertEqual(self.gate.stop(), 0)
        self.gate.start(environment={"LD_PRELOAD": FAKETIME, "FAKETIME": shift, "FAKETIME_DONT_FAKE_MONOTONIC": "1"} if shift else {})

    def ask_again(self, token):
        """The answer, as soon as Envoy has found the gate again."""
        return eventually(lambda: (reply := self.ask("/v1/x", token)).status < 500 and reply, "Envoy found the gate again", 20)
