"""A changed policy acts at once, on open sessions too; a bad one changes nothing and shows."""

import json
import os
import signal

from support.case import GateCase
from support.gate import policy_for
from support.net import eventually


class Reload(GateCase):
    def setUp(self):
        self.gate.write(self.gate.policy_file, self.policy())
        self.gate.cli("policy", "reload")

    def detail(self):
        return next(part for part in self.gate.ready().json["parts"] if part["name"] == "policy")["detail"]

    def read_only(self):
        policy = self.policy()
        policy["roles"]["deploy"]["allow"] = ["billing-api/read"]
        return policy

    def test_an_edit_acts_on_an_open_session(self):
        token = self.gate.access(self.issuer)
        self.assertEqual(self.gate.request("POST", "/v1/x", token, body=b"{}").status, 200)
        self.gate.write(self.gate.policy_file, self.read_only())
        refused = eventually(lambda: (r := self.gate.request("POST", "/v1/x", token)).status == 403 and r, "the new policy is in force")
        self.assertEqual(refused.reason, "not_permitted")
        self.assertEqual(self.gate.request("GET", "/v1/x", token).status, 200)
        self.gate.write(self.gate.policy_file, self.policy())
        eventually(lambda: self.gate.request("POST", "/v1/x", token).status == 200, "the right is back, without a new token")

    def test_sighup_and_the_command_reload_too(self):
        token = self.gate.access(self.issuer)
        self.gate.write(self.gate.policy_file, self.read_only())
        self.assertEqual(self.gate.cli("policy", "reload").returncode, 0)
        self.assertEqual(self.gate.request("POST", "/v1/x", token).status, 403)
        self.gate.write(self.gate.policy_file, self.policy())
        self.gate.process.send_signal(signal.SIGHUP)
        eventually(lambda: self.gate.request("POST", "/v1/x", token).status == 200, "SIGHUP reloads")

    def test_a_deny_rule_in_a_new_file_overrides_at_once(self):
        token = self.gate.access(self.issuer)
        fence = {"deny": [{"permission": "*/write", "to": {"job": {"environment": "production"}}, "why": "freeze"}]}
        self.gate.write(self.gate.path("policy/platform.yaml"), fence)
        try:
            self.assertEqual(self.gate.cli("policy", "reload").returncode, 0)
            refused = self.gate.request("POST", "/v1/x", token)
            self.assert_refused(refused, 403, "denied_by_rule")
            self.assertIn("platform.yaml:", refused.json["rule"])
        finally:
            os.remove(self.gate.path("policy/platform.yaml"))

    def test_a_bad_edit_keeps_the_policy_in_force_and_shows(self):
        token = self.gate.access(self.issuer)
        good = self.detail()
        bad = self.policy()
        bad["roles"]["deploy"]["allow"].append("billing-api/frobnicate")
        for broken in ("resources: [", bad, {"rolse": {}}, ""):
            with self.subTest(broken=str(broken)[:30]):
                self.gate.write(self.gate.policy_file, broken)
                eventually(lambda: self.gate.metric("watchword_policy_refused") == 1, "the metric tells")
                eventually(lambda: "refused" in self.detail(), "/readyz tells")
                self.assertEqual(self.gate.ready().status, 200)
                self.assertEqual(self.gate.request("POST", "/v1/x", token).status, 200)
                self.assertNotEqual(self.gate.cli("policy", "reload").returncode, 0)
                self.assertEqual(self.gate.request("POST", "/v1/x", token).status, 200)
                self.gate.write(self.gate.policy_file, self.policy())
                eventually(lambda: self.gate.metric("watchword_policy_refused") == 0, "mended")
                eventually(lambda: self.detail() == good, "/readyz tells that it is mended")
        self.assertIn('"level":"error"', self.gate.log_text())

    def test_the_command_names_every_error_with_its_line(self):
        bad = """resources:
  billing-api:
    http: { upstream: "http://127.0.0.1:1", host: billing.test }
    actions: { read: { methods: [GTE] }, write: { methods: [POST], pahts: [/v1/**] } }
"""
        self.gate.write(self.gate.policy_file, bad)
        done = self.gate.cli("policy", "reload")
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertRegex(done.stderr, r"billing\.yaml:4:34: policy_invalid")
        self.assertIn("GET", done.stderr)  # the nearest method
        self.assertRegex(done.stderr, r"billing\.yaml:4:\d+: policy_invalid[^/]*\n  found     .*pahts")
        told = [json.loads(line) for line in self.gate.cli("policy", "reload", "--json").stderr.splitlines()]
        self.assertEqual(len(told), 2, told)
        self.assertTrue(all(one["where"].partition(":")[2].startswith("4:") for one in told), told)

    def test_a_secret_that_cannot_be_resolved_refuses_the_new_policy(self):
        token = self.gate.access(self.issuer)
        inject = [{"header": "x-api-key", "secret": "file:/nonexistent/secret"}]
        self.gate.write(self.gate.policy_file, policy_for(self.upstream.url, inject=inject))
        done = self.gate.cli("policy", "reload")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("secret_unavailable", done.stderr)
        self.assertEqual(self.gate.request("GET", "/v1/x", token).status, 200)
