"""Envoy with Watchword behind it and the built-in gateway answer the same: hostile requests to both, in front of one backend.

A refusal is a refusal in whatever words; what both allow reaches the backend as the same request. Where they differ, one of the rules of
same_rules.py must say why; no rule may be without a case. What Envoy allows and the gateway refuses, the gateway must allow in the spelling
that Envoy made of it. Documented in docs/envoy.md, "Where Envoy differs"."""

import asyncio
import collections
import os
import urllib.parse

from envoy_front import EnvoyInFront
from same_backend import Backend
from same_cases import HANDSHAKE, Case, Cases
from same_clients import Http1, Http2
from same_rules import RULES, difference
from support.gate import policy_for
from support.keys import claims_of
from support.net import eventually

# Another walk: WATCHWORD_SAME="SEED REQUESTS".
WALK = "20261121 10000"
SEED, REQUESTS = (int(number) for number in os.environ.get("WATCHWORD_SAME", WALK).split())
AT_ONCE = 24
TOLD_AT_MOST = 10
PREFIXES = {"docs": "/docs", "inner": "/docs/inner"}


def normal(path):
    """RFC 3986 6.2.2, by Python's own library."""
    return urllib.parse.quote(urllib.parse.unquote_to_bytes(path), safe="-._~!$&'()*+,=:@/")


class Same(EnvoyInFront):
    @classmethod
    def policy(cls):
        cls.backend = Backend()
        cls.addClassCleanup(cls.backend.stop)
        policy = policy_for(cls.backend.url)
        resources, deploy = policy["resources"], policy["roles"]["deploy"]
        billing = resources["billing-api"]["actions"]
        resources["billing-api"]["actions"] = {"manage": {"methods": ["*"], "paths": ["re:/v1/keys/[0-9]+"]}} | billing

        def resource(name, actions, **at):
            resources[name] = {"http": {"upstream": cls.backend.url} | at, "actions": actions}

        anything = {"all": {"methods": ["*"]}}
        resource("other", anything, host="other.test")
        resource("docs", anything, prefix=PREFIXES["docs"])
        resource("inner", {"read": {"methods": ["GET"], "paths": ["/v1/**"]}}, prefix=PREFIXES["inner"])
        resource("orders", {"get": {"grpc": ["acme.orders.v1.Orders/Get*"]}, "admin": {"grpc": ["acme.orders.v1.Admin/*"]}}, host="orders.test")
        resource("live", {"listen": {"websocket": ["/v1/listen", "/v1/listen/*"]}, "read": {"methods": ["GET"]}}, host="live.test")
        deploy["allow"] += ["billing-api/manage", "docs/all", "inner/read", "orders/get", "live/*"]

        def role(name, allow, **session):
            granted = [{"job": {"issuer": "gitlab", "project_path": "acme/" + name}}]
            policy["roles"][name] = {"granted_to": granted, "allow": [allow], "session": {"ttl": "15m"} | session}

        role("short", "billing-api/read", ttl="1s")
        role("other", "other/all")
        policy["deny"] = [{"name": "keys", "permission": "*/manage", "unless": "job.ref_protected", "why": "only from protected refs"}]
        return policy

    def tokens(self):
        """By name, what stands in the header `authorization`."""
        access = lambda **claims: self.gate.access(self.issuer, **claims).encode()
        valid, expired, ended = access(), access(project_path="acme/short"), access(job_id="77")
        self.assertEqual(self.gate.cli("sessions", "end", "--job", "77", "--why", "over").returncode, 0)
        eventually(lambda: self.gate.request("GET", "/v1/x", expired.decode()).status == 401, "the short session is over")
        bearer = {"valid": valid, "branch": access(ref="feature/x", ref_protected="false"), "other": access(project_path="acme/other"), "expired": expired,
                  "ended": ended, "garbage": b"x.y.z", "spaces": b" " + valid, "twice": valid + b", Bearer " + valid, "bytes": b"\xff", "long": b"a" * 9000}
        forms = {"none": b"", "lower": b"bearer " + valid, "basic": b"Basic eDp5", "dpop": b"DPoP " + valid, "bare": valid, "word": b"Bearer"}
        return forms | {name: b"Bearer " + token for name, token in bearer.items()}

    def test_the_answers_are_the_same(self):
        self.cases, first = Cases(SEED, self.tokens()), len(self.backend.seen)
        self.numbers, self.explained, self.unlike, self.claimed = iter(range(REQUESTS)), collections.Counter(), [], []
        asyncio.run(self.ask_all())
        told = "\n".join([f"seed {SEED}, {REQUESTS} requests:", *self.unlike[:TOLD_AT_MOST]])
        self.assertEqual(len(self.unlike), 0, told)
        seen = self.backend.seen[first:]
        unclaimed = collections.Counter(range(first, len(self.backend.seen))) - collections.Counter(self.claimed)
        self.assertEqual([self.backend.seen[number] for number in unclaimed], [], "what the backend saw belongs to an answer that allowed it")
        self.assertGreater(len(seen), REQUESTS / 4, "many are allowed")
        self.assert_nothing_forged(seen)
        self.assert_decided(seen)
        if f"{SEED} {REQUESTS}" == WALK:
            self.assertEqual(set(RULES) - set(self.explained), set(), "each rule has a case")

    async def ask_all(self):
        await asyncio.gather(*(self.ask_some() for _ in range(AT_ONCE)))

    async def ask_some(self):
        clients = {(port, kind): kind(port) for port in (self.gate.gateway, self.port) for kind in (Http1, Http2)}
        for number in self.numbers:
            case = self.cases.make(number)
            gate, envoy = [await self.ask_one(clients[port, Http2 if case.http2 else Http1], case) for port in (self.gate.gateway, self.port)]
            how = difference(gate, envoy, self.backend.seen)
            rule = how and next((name for name, (kinds, holds) in RULES.items() if how in kinds and holds(case, gate, envoy)), None)
            right = how != "looser" or await self.allowed_in_plain(clients[self.gate.gateway, Http1], case, self.backend.seen[envoy.seen])
            if rule and right:
                self.explained[rule] += 1
            elif how:
                sent = case.fields() if case.http2 else case.raw()
                self.unlike.append(f"{how}, {case.traits}: {sent}\n    gateway: {self.describe(gate)}\n    Envoy: {self.describe(envoy)}")
        for client in clients.values():
            client.close()

    async def ask_one(self, client, case):
        answer = await client.ask(case)
        if answer.seen is not None:
            self.claimed.append(answer.seen)
        return answer

    async def allowed_in_plain(self, gateway, case, seen):
        """Whether the gateway, asked for what Envoy made of the case, sends the backend the same."""
        host, prefix = seen.one("x-forwarded-host").encode(), PREFIXES.get(claims_of(seen.one("watchword-assertion"))["aud"], "")
        plain = Case(case.number, host, seen.method.encode(), (prefix + seen.target).encode("latin-1"), [host], [])
        plain.headers = [(name, value) for name, value in case.headers if name.lower() in (b"authorization", b"content-length")]
        plain.body = case.body if plain.values(b"content-length") else b""
        if seen.all("upgrade"):
            plain.headers, plain.alone = plain.headers + HANDSHAKE, True
        answer = await self.ask_one(gateway, plain)
        if answer.seen is None:
            return False
        twin = self.backend.seen[answer.seen]
        return (twin.method, twin.target.rstrip("?")) == (seen.method, seen.target.rstrip("?"))

    def describe(self, answer):
        if answer.seen is None:
            return f"{answer.status} {answer.reason} {answer.body[:100]} {answer.headers.get('grpc-message')}"
        return self.backend.seen[answer.seen]

    def assert_nothing_forged(self, seen):
        for one in seen:
            self.assertEqual(len(one.all("x-request-id")), 1, one)
            self.assertEqual(len(one.all("traceparent")), 1, one)
            self.assertRegex(one.one("x-forwarded-for"), r"^[0-9.]+$")
            self.assertNotIn("6.6.6.6", str(one.headers))
            for name in ("authorization", "proxy-authorization", "dpop"):
                self.assertEqual(one.all(name), [], one)

    def assert_decided(self, seen):
        """What the backend saw is what the record of its decision says."""
        ids = {one.one("x-request-id") for one in seen}
        allowed = lambda: [entry for entry in self.gate.entries() if entry["event"] == "request" and entry["decision"] == "allow"]
        eventually(lambda: ids <= {entry["request_id"] for entry in allowed()}, "all is published", 120)
        entries = collections.defaultdict(list)
        for entry in allowed():
            path = normal(entry["path"]).removeprefix(PREFIXES.get(entry["resource"], "")) or "/"
            entries[entry["request_id"]].append((entry["method"], path))
        for one in seen:
            self.assertIn((one.method, one.target.partition("?")[0]), entries[one.one("x-request-id")])
