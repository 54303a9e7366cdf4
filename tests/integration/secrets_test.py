"""No token, key or password reaches a log, the audit log, a metric, an error or the command line's output."""

import base64
import glob
import json
import os

from support.case import GateCase
from support.gate import run
from support.net import call, eventually


class Secrets(GateCase):
    @classmethod
    def config(cls):
        made = json.loads(run("clients", "secret", "--json").stdout)
        cls.client_secret = made["secret"]
        return {"log_level": "debug", "clients": {"billing": {"secret": made["hash"], "resources": ["billing-api"]}}}

    def test_tokens_appear_nowhere(self):
        good = self.issuer.mint()
        token = self.gate.exchange(good).json["access_token"]
        hostile = [
            self.issuer.mint(aud="other"), self.issuer.mint(life=-3600), self.issuer.mint(iss="https://evil.example.com"), good[:-8] + "AAAAAAAA",
            good + ".x", self.issuer.mint(project_path="acme/other"), self.issuer.mint(typ="at+jwt"), "x" * 20000, self.issuer.mint(ref=12),
        ]
        replies = [self.gate.exchange(bad) for bad in hostile]
        self.assertEqual({reply.status for reply in replies}, {400})
        for bad in (*hostile[:-2], token + "x", token[:-8] + "AAAAAAAA"):
            reply = self.gate.request("GET", "/v1/x?access_token=" + bad, bad)
            replies.append(reply)
            self.assertEqual(reply.status, 401)
        basic = {"authorization": "Basic " + base64.b64encode(f"billing:{self.client_secret}".encode()).decode()}
        wrong = {"authorization": "Basic " + base64.b64encode(b"billing:wrong-secret-123").decode()}
        replies += [call(self.gate.api, "POST", "/oauth/introspect", headers, {"token": token}) for headers in (basic, wrong)]
        self.assertEqual([reply.status for reply in replies[-2:]], [200, 401])
        self.gate.request("GET", "/v1/x", token)
        replies.append(call(self.gate.api, "POST", "/oauth/revoke", basic, {"token": token}))
        self.assertEqual(replies[-1].status, 200)
        self.assert_refused(self.gate.request("GET", "/v1/x", token), 401, "token_revoked")
        eventually(lambda: any(e["event"] == "revocation" for e in self.gate.entries()), "the log is up to date")
        self.gate.stop()  # with everything flushed

        secrets = [*self.issuer.minted, *hostile, *self.gate.tokens, self.client_secret, "wrong-secret-123"]
        with open(self.gate.path("sealing.key")) as file:
            secrets.append(file.read().strip())
        places = {"log": self.gate.log_text(), "export": json.dumps(self.gate.entries()), "replies": "".join(r.body.decode() for r in replies)}
        for file in glob.glob(self.gate.path("state.db*")) + glob.glob(self.gate.log_directory + "/**", recursive=True):
            if os.path.isfile(file):
                with open(file, "rb") as content:
                    places[file] = content.read().decode("latin-1")
        self.assertGreater(len(places), 4)
        for name, text in places.items():
            for secret in secrets:
                # A part is as bad as the whole: the signature, or the claims.
                for part in (secret, *(p for p in secret.split(".") if len(p) > 40)):
                    if name == "replies" and part == token:
                        continue
                    if part == good.split(".")[0]:
                        continue  # the header is the same for all tokens of a key
                    self.assertFalse(part in text, f"{part[:40]}... in {name}")

    def test_metrics_hold_no_claims(self):
        if self.gate.process.poll() is not None:
            self.gate.start()
        token = self.gate.access(self.issuer, job_id="424242", user_login="zaphod")
        self.gate.request("GET", "/v1/x", token)
        metrics = call(self.gate.api, "GET", "/metrics").body.decode()
        self.assertTrue(metrics.endswith("# EOF\n"))
        for word in (token, "424242", "zaphod", "acme/billing", "127.0.0.1"):
            self.assertNotIn(word, metrics)

    def test_the_log_s_entries_are_for_administrators_unless_the_log_is_public(self):
        if self.gate.process.poll() is not None:
            self.gate.start()
        self.gate.access(self.issuer)
        eventually(lambda: self.gate.entries(), "the log is published")
        with open(os.path.join(self.gate.log_directory, "checkpoint")) as file:
            size = file.read().splitlines()[1]
        tile = lambda port, kind: call(port, "GET", f"/log/tile/{kind}/000.p/{size}").status
        self.assertEqual((tile(self.gate.api, "entries"), tile(self.gate.api, "0"), tile(self.gate.admin, "entries")), (404, 200, 200))
        self.gate.stop()
        self.gate.configure(self.issuers(), log={"directory": "log", "origin": "gate.example.com/log", "public": True})
        self.gate.start()
        self.assertEqual(tile(self.gate.api, "entries"), 200)

    def test_the_process_cannot_be_dumped(self):
        if self.gate.process.poll() is not None:
            self.gate.start()
        with open(f"/proc/{self.gate.process.pid}/limits") as limits:
            core = next(line for line in limits if line.startswith("Max core file size"))
        self.assertEqual(core.split()[4:6], ["0", "0"])
        # Not dumpable: its /proc files belong to root, whoever runs it.
        self.assertEqual(os.stat(f"/proc/{self.gate.process.pid}/environ").st_uid, 0)
