"""A real OIDC provider (npm oidc-provider) as issuer, and what its key rotation does to a loaded gate."""

import base64
import collections
import json
import os
import threading

from parts import HERE, NODE, Server
from support.case import GateCase
from support.issuer import SHA
from support.keys import claims_of
from support.net import call, eventually, free_port

RUNNER = {"authorization": "Basic " + base64.b64encode(b"runner:runner-secret").decode()}


class Provider(GateCase):
    @classmethod
    def issuers(cls):
        cls.port = free_port()
        cls.url = f"http://127.0.0.1:{cls.port}"
        Server(cls, "provider", [NODE, os.path.join(HERE, "oidc-provider.mjs")], PORT=str(cls.port))
        mapping = {"kind": "job", "job": "job_id", "project": "project_path", "pipeline": "pipeline_id", "ref": "ref", "sha": "sha",
                   "environment": "environment", "user": "user_login"}
        return {"gitlab": {"profile": "generic", "url": cls.url, "audience": cls.gate.url, "types": ["at+jwt"], "machine": mapping,
                           "allow_loopback_http": True}}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        eventually(lambda: cls.gate.ready().status == 200, "the provider's keys are fetched", 20)

    def token(self, job, **changes):
        claims = {"project_path": "acme/billing", "job_id": job, "pipeline_id": "815", "ref": "main", "sha": SHA, "user_login": "jane",
                  "environment": "production"} | changes
        reply = call(self.port, "POST", "/token", RUNNER | {"x-claims": json.dumps(claims)},
                     {"grant_type": "client_credentials", "resource": self.gate.url})
        self.assertEqual(reply.status, 200, reply.body)
        return reply.json["access_token"]

    def rotate(self, keep):
        return call(self.port, "POST", "/rotate" + ("?keep=1" if keep else "")).body.decode()

    def test_1_a_provider_s_token_is_exchanged_and_used(self):
        reply = self.gate.exchange(self.token("1"))
        self.assertEqual(reply.status, 200, reply.body)
        job = claims_of(reply.json["access_token"])["job"]
        self.assertEqual((job["issuer"], job["project"], job["job"], job["user"]), (self.url, "acme/billing", "1", "jane"))
        self.assertEqual(self.gate.request("POST", "/v1/x", reply.json["access_token"]).status, 200)
        self.assert_refused(self.gate.exchange(self.token("2", project_path="acme/other")), 400, "no_binding")

    def test_2_rotation_under_load_fails_no_exchange(self):
        """The provider signs with a new key at once, as many do; the old one stays published. The gate fetches the key set
        once for all who wait."""
        stop, results, failures = threading.Event(), collections.Counter(), []

        def load(worker):
            n = 0
            while not stop.is_set():
                n += 1
                token = self.token(f"{worker}-{n}")
                reply = self.gate.exchange(token)
                results[reply.status] += 1
                if reply.status != 200:
                    failures.append(reply.body)

        workers = [threading.Thread(target=load, args=(n,)) for n in range(3)]
        for worker in workers:
            worker.start()
        fetched = lambda: self.gate.metric('watchword_issuer_key_fetches_total{issuer="gitlab",result="ok"}')
        before = fetched()
        try:
            done = results[200]
            self.rotate(keep=True)
            eventually(lambda: results[200] > done + 50 and fetched() > before, "exchanges go on with the new key", 20)
        finally:
            stop.set()
            for worker in workers:
                worker.join()
        self.assertEqual(failures[:3], [])
        self.assertGreater(results[200], 50)
        self.assertEqual(fetched(), before + 1, "one fetch, however many waited")

    def test_3_a_key_that_is_withdrawn_is_refused_and_the_new_one_taken_soon(self):
        old = self.token("old")
        self.rotate(keep=False)
        # Within 10 s of the last fetch a new kid may be refused as documented: key_unknown, try again in a few seconds.
        soon = self.gate.exchange(self.token("soon"))
        self.assertIn((soon.status, soon.reason), [(200, None), (400, "key_unknown")])
        # A gate that starts has fetched for no unknown key yet.
        self.assertEqual(self.gate.stop(), 0)
        self.gate.start()
        eventually(lambda: self.gate.ready().status == 200, "the new keys are fetched", 20)
        self.assertEqual(self.gate.exchange(self.token("new")).status, 200)
        self.assert_refused(self.gate.exchange(old), 400, "key_unknown")
