"""Issuers that hang, lie or babble: an answer comes promptly, says what is wrong, and other issuers do not notice."""

import json
import threading

from support.case import GateCase
from support.issuer import Issuer
from support.keys import RsaKey
from support.net import eventually


def hang(issuer):
    return lambda handler: issuer.released.wait()


HOSTILE = {
    # name: (path, function of issuer -> function that answers)
    "redirecting": ("/.well-known/openid-configuration", lambda i: lambda h: i.send(h, {}, 302, location="http://127.0.0.1:1/")),
    "lying": ("/.well-known/openid-configuration",
              lambda i: lambda h: i.send(h, {"issuer": "https://other.example.com", "jwks_uri": i.url + "/keys"})),
    "html": ("/keys", lambda i: lambda h: i.send(h, b"<html>login</html>", content_type="text/html")),
    "broken": ("/keys", lambda i: lambda h: i.send(h, b'{"keys": [', content_type="application/json")),
    "endless": ("/keys", lambda i: lambda h: i.send(h, b'{"keys": [' + b" " * (20 << 20))),
    "away": ("/.well-known/openid-configuration", lambda i: lambda h: i.send(h, {}, 503)),
    "elsewhere": ("/.well-known/openid-configuration", lambda i: lambda h: i.send(h, {"issuer": i.url, "jwks_uri": "http://192.0.2.1/keys"})),
    "duplicate": ("/keys", lambda i: lambda h: i.send(h, b'{"keys": [], "keys": [' + json.dumps(i.key.jwk()).encode() + b"]}")),
    "many": ("/keys", lambda i: lambda h: i.send(h, {"keys": [i.key.jwk(kid=f"k{n}") for n in range(10000)]})),
    "private": ("/keys", lambda i: lambda h: i.send(h, {"keys": [i.key.jwk(kty="oct", k="c2VjcmV0")]})),
    "hanging": ("/keys", hang),
    "silent": ("/.well-known/openid-configuration", hang),
}


class HostileIssuers(GateCase):
    @classmethod
    def issuers(cls):
        issuers = super().issuers()
        cls.hostile = {}
        for name, (path, answer) in HOSTILE.items():
            issuer = cls.hostile[name] = Issuer(cls.gate.url, cls.issuer.key)
            cls.addClassCleanup(issuer.stop)
            issuer.answers[path] = answer(issuer)
            issuers[name] = cls.gitlab(url=issuer.url)
        return issuers

    def test_1_each_is_refused_and_the_good_one_is_served(self):
        for name, issuer in self.hostile.items():
            with self.subTest(name):
                reply = self.gate.exchange(issuer.mint())  # those that hang do so until the test ends
                self.assertIn(reply.reason, ("issuer_unavailable", "key_set_invalid", "key_unknown"), reply.body)
                self.assertEqual(reply.status, 400 if reply.reason == "key_unknown" else 503)
            self.assertEqual(self.gate.exchange(self.issuer.mint()).status, 200)

    def test_1_the_good_one_s_jobs_overtake_those_of_one_that_hangs(self):
        def overtaken():
            waits = threading.Thread(target=self.gate.exchange, args=(self.hostile["hanging"].mint(),))
            waits.start()
            self.assertEqual(self.gate.exchange(self.issuer.mint()).status, 200)
            still = waits.is_alive()
            waits.join()
            return still

        eventually(overtaken, "an exchange ends while one that began before it waits for its issuer", 60)

    def test_2_readyz_names_them(self):
        parts = eventually(lambda: self.troubles() if len(self.troubles()) >= len(HOSTILE) else None, "all troubles are known", 30)
        for name in HOSTILE:
            self.assertIn(name, parts)
        ready = self.gate.ready()
        self.assertEqual(ready.status, 200, "the good one's jobs do not suffer for the others")
        good = next(part for part in ready.json["parts"] if part["name"] == "issuer gitlab")
        self.assertTrue(good["ready"])

    def troubles(self):
        parts = self.gate.ready().json["parts"]
        return {part["name"].removeprefix("issuer "): part["detail"] for part in parts if part["name"].startswith("issuer ") and part.get("detail")}

    def test_3_one_that_comes_to_its_senses_is_served(self):
        issuer = self.hostile["away"]
        issuer.answers.clear()
        eventually(lambda: self.gate.exchange(issuer.mint()).status in (200, 400), "its keys are fetched", 70)
        self.assertEqual(self.gate.exchange(issuer.mint()).reason, "no_binding")  # verified: it is another issuer's job


class Outage(GateCase):
    def test_keys_survive_an_outage_and_rotation_is_followed(self):
        self.gate.access(self.issuer)
        self.issuer.answers = {path: (lambda h: self.issuer.send(h, {}, 500)) for path in ("/keys", "/.well-known/openid-configuration")}
        for _ in range(3):
            self.gate.access(self.issuer)
        unknown = RsaKey("second")
        self.assert_refused(self.gate.exchange(self.issuer.mint(key=unknown)), 503, "issuer_unavailable")
        self.gate.access(self.issuer)

    def test_a_key_of_another_issuer_is_not_taken(self):
        other = RsaKey("first")  # the same kid
        self.assert_refused(self.gate.exchange(self.issuer.mint(key=other)), 400, "signature_invalid")

    def test_no_flood_of_unknown_kids_reaches_the_issuer(self):
        before = self.issuer.fetches
        for n in range(30):
            key = self.issuer.key
            token = key.jwt(self.issuer.claims(), kid=f"unknown-{n}")
            self.assertIn(self.gate.exchange(token).reason, ("key_unknown", "issuer_unavailable"))
        self.assertLessEqual(self.issuer.fetches - before, 2)


class NoIssuer(GateCase):
    start_gate = False

    def test_a_gate_that_can_verify_nobody_is_not_ready(self):
        self.issuer.stop()
        self.gate.start()
        self.assertEqual(self.gate.ready().status, 503)
