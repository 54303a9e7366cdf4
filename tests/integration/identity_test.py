"""Who the backend is told is calling: the gate alone says it, and the job never holds the backend's own credential."""

import json
import os

from support.case import GateCase
from support.gate import policy_for
from support.keys import claims_of
from support.net import Raw

FORGED = {
    "Watchword-Assertion": "forged", "watchword_assertion": "forged", "X-Forwarded-For": "6.6.6.6", "X-Forwarded-Host": "forged.test",
    "X-Forwarded-Proto": "forged", "X-Forwarded-User": "forged", "X-Forwarded-Email": "forged", "X-Forwarded-Groups": "forged",
    "X_Forwarded_User": "forged", "X-Forwarded-Client-Cert": "forged", "Forwarded": "for=forged", "X-Real-IP": "6.6.6.6",
    "X-Remote-User": "forged", "Remote-User": "forged", "REMOTE_USER": "forged", "X-Auth-Request-User": "forged", "X-Watchword-Job": "forged",
    "x_watchword_job": "forged", "X-WATCHWORD-Role": "forged", "X-Original-URL": "/forged", "X-Rewrite-URL": "/forged",
    "X-HTTP-Method-Override": "FORGED", "X-Api-Key": "forged", "X-Goog-IAP-JWT-Assertion": "forged", "Proxy-Authorization": "forged",
    "DPoP-Forged_": "forged",
}


class Identity(GateCase):
    @classmethod
    def policy(cls):
        with open(cls.gate.path("upstream.secret"), "w") as file:
            file.write("hunter2-from-file\n")
        return policy_for(cls.upstream.url, inject=[
            {"header": "X-Api-Key", "secret": "file:" + cls.gate.path("upstream.secret")},
            {"header": "Authorization", "prefix": "Bearer ", "secret": "env:UPSTREAM_TOKEN"},
        ])

    @classmethod
    def setUpClass(cls):
        os.environ["UPSTREAM_TOKEN"] = "hunter2-from-env"
        cls.addClassCleanup(os.environ.pop, "UPSTREAM_TOKEN")
        super().setUpClass()

    def forwarded(self, *headers, token=None):
        """What reaches the upstream when a job sends these header lines."""
        self.upstream.seen.clear()
        token = token or self.gate.access(self.issuer)
        lines = ["GET /v1/x HTTP/1.1", "Host: billing.test", "Authorization: Bearer " + token, "Connection: close", *headers]
        with Raw(self.gate.gateway) as raw:
            raw.send("\r\n".join(lines) + "\r\n\r\n")
            self.answer = raw.read_all()
        self.assertTrue(self.answer.startswith(b"HTTP/1.1 200 "), self.answer)
        return self.upstream.last()

    def test_forged_identity_never_arrives(self):
        seen = self.forwarded(*(f"{name}: {value}" for name, value in FORGED.items()))
        for name, value in seen.headers:
            self.assertNotIn("forged", value.lower(), name)
            self.assertNotIn("6.6.6.6", value, name)
            self.assertNotIn("_", name)
        self.assertEqual(seen.header("x-forwarded-for"), "127.0.0.1")
        self.assertEqual(seen.header("x-forwarded-host"), "billing.test")

    def test_the_job_s_token_is_stripped_and_the_backend_s_credential_injected(self):
        token = self.gate.access(self.issuer)
        seen = self.forwarded(token=token)
        self.assertNotIn(token, json.dumps(seen.headers))
        self.assertEqual([v for n, v in seen.headers if n == "authorization"], ["Bearer hunter2-from-env"])
        self.assertEqual([v for n, v in seen.headers if n == "x-api-key"], ["hunter2-from-file"])
        for place in (self.answer.decode(), self.gate.log_text(), json.dumps(self.gate.entries())):
            self.assertNotIn("hunter2", place)

    def test_the_connection_header_cannot_remove_what_the_gate_says(self):
        seen = self.forwarded("Connection: watchword-assertion, x-forwarded-for, authorization, host, x-drop", "X-Drop: y", "X-Keep: z")
        self.assertTrue(seen.header("watchword-assertion"))
        self.assertEqual(seen.header("x-forwarded-for"), "127.0.0.1")
        self.assertEqual(seen.header("authorization"), "Bearer hunter2-from-env")
        self.assertEqual((seen.header("x-drop"), seen.header("x-keep"), seen.header("connection")), (None, "z", None))

    def test_the_assertion_names_the_job_and_is_for_this_resource_only(self):
        seen = self.forwarded("Traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
        claims = claims_of(seen.header("watchword-assertion"))
        self.assertEqual((claims["iss"], claims["aud"]), (self.gate.url, "billing-api"))
        self.assertEqual(claims["job"]["project"], "acme/billing")
        self.assertLessEqual(claims["exp"] - claims["iat"], 300)
        self.assertEqual(seen.header("traceparent").split("-")[1], "0af7651916cd43dd8448eb211c80319c")

    def test_a_second_authorization_header_is_refused(self):
        token = self.gate.access(self.issuer)
        with Raw(self.gate.gateway) as raw:
            lines = ["GET /v1/x HTTP/1.1", "Host: billing.test", f"Authorization: Bearer {token}", "Authorization: Basic eDp5", "Connection: close"]
            raw.send("\r\n".join(lines) + "\r\n\r\n")
            self.assertTrue(raw.read_all().startswith(b"HTTP/1.1 400 "))
