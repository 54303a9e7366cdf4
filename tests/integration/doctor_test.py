"""`watchword doctor` beside a gate and inside a job: certificates that end, typos that no job can match, tokens that are not right."""

import copy
import json
import os
import time

from support.case import CertifiedHttps, GateCase
from support.gate import run
from support.net import free_port

WELL, BAD = 0, 4


def checks_of(case, done, code):
    case.assertEqual(done.returncode, code, done.stdout + done.stderr)
    return {check["check"]: check for check in json.loads(done.stdout)["checks"]}


class BesideAGate(CertifiedHttps, GateCase):
    """The gate's certificate ends in a day."""

    def doctor(self, code):
        return checks_of(self, self.gate.cli("doctor", "--json"), code)

    def test_a_certificate_that_ends_soon_is_told_before_it_does(self):
        found = self.doctor(BAD)["ends: certificate"]
        self.assertEqual(found["failure"]["reason"], "certificate_expiring")
        self.assertIn("ends at", found["failure"]["found"])
        self.assertEqual(found["failure"]["fix"], "renew it; the gate reads it again by itself")

    def test_the_key_and_the_log_of_a_gate_that_runs_are_well(self):
        self.gate.access(self.issuer)
        checks = self.doctor(BAD)
        self.assertTrue(checks["signing key"]["good"], checks["signing key"])
        self.assertTrue(checks["log"]["good"], checks["log"])
        self.assertTrue(checks["clock of the tokens of gitlab"]["good"])

    def test_a_binding_that_no_job_could_match_is_named_with_the_nearest_that_was_seen(self):
        self.gate.access(self.issuer)
        policy = copy.deepcopy(self.policy())
        policy["roles"]["typo"] = {"granted_to": [{"job": {"issuer": "gitlab", "project_path": "acme/biling"}}], "allow": ["billing-api/read"]}
        policy["resources"]["unused-api"] = {"http": {"upstream": self.upstream.url, "host": "unused.test"}, "actions": {"read": {"methods": ["GET"]}}}
        self.gate.write(self.gate.policy_file, policy)
        self.addCleanup(self.gate.write, self.gate.policy_file, self.policy())
        failures = [one["failure"] for one in self.doctor(BAD).values() if not one["good"] and one["failure"]["reason"] == "policy_suspect"]
        text = json.dumps(failures)
        self.assertIn("acme/biling", text)
        self.assertIn("acme/billing", text)
        self.assertIn("unused-api", text)


class InsideAJob(GateCase):
    def doctor(self, code, token, environment=None, **job):
        environment = {"WATCHWORD_URL": self.gate.url, "WATCHWORD_ID_TOKEN": token} | job | (environment or {})
        return checks_of(self, run("doctor", "--json", environment=environment), code)

    def test_a_job_whose_token_is_right_is_well(self):
        checks = self.doctor(WELL, self.issuer.mint(job_id="4711"), CI_JOB_ID="4711")
        self.assertEqual(set(checks), {"gate", "clock 127.0.0.1", "ID token", "ID token, audience", "ID token, time"})

    def test_an_audience_with_a_slash_too_many_is_told_with_its_fix(self):
        found = self.doctor(BAD, self.issuer.mint(aud=self.gate.url + "/"))["ID token, audience"]["failure"]
        self.assertEqual(found["reason"], "audience_mismatch")
        self.assertEqual(found["fix"], f"write 'aud: {self.gate.url}' under id_tokens: an audience is compared to the letter")

    def test_the_token_of_another_job_or_from_yesterday_is_told(self):
        failures = {name: check.get("failure", {}).get("reason")
                    for name, check in self.doctor(BAD, self.issuer.mint(job_id="4711", exp=int(time.time()) - 60), CI_JOB_ID="4712").items()}
        self.assertEqual(failures["ID token, job"], "claim_invalid")
        self.assertEqual(failures["ID token, time"], "token_expired")

    def test_a_missing_token_and_a_gate_that_is_not_there_are_told_with_their_fix(self):
        checks = self.doctor(BAD, "", WATCHWORD_URL=f"http://127.0.0.1:{free_port()}")
        self.assertEqual(checks["gate"]["failure"]["reason"], "gate_unreachable")
        self.assertEqual(checks["ID token"]["failure"]["reason"], "token_missing")

    def test_a_gate_by_another_name_is_told_as_proofs_would_fail(self):
        found = self.doctor(BAD, self.issuer.mint(), WATCHWORD_URL=self.gate.url.replace("127.0.0.1", "localhost"))["gate"]["failure"]
        self.assertEqual((found["reason"], found["expected"]), ("config_invalid", self.gate.url))

    def test_without_a_gate_it_says_what_to_give(self):
        environment = {name: "" for name in ("WATCHWORD_URL", "WATCHWORD_CONFIG")}
        done = run("doctor", environment={**os.environ, **environment})
        self.assertEqual(done.returncode, 2)
        self.assertIn("in a job set WATCHWORD_URL", done.stderr)
