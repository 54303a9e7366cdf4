"""The life of a session: listed, shown, ended; what has ended stays ended, what is open stays open, across restarts."""

import json

from support.case import GateCase
from support.net import call, eventually


class Sessions(GateCase):
    def list(self, *filters):
        done = self.gate.cli("sessions", "list", "--json", *filters)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)["sessions"]

    def open(self, **claims):
        """An ID token of a new job, and the answer to its exchange."""
        id_token = self.issuer.mint(**claims)
        reply = self.gate.exchange(id_token)
        self.assertEqual(reply.status, 200, reply.body)
        return id_token, reply.json

    def test_a_session_is_listed_and_shown_with_its_job(self):
        _, opened = self.open(job_id="77", pipeline_id="9", user_login="mona")
        self.assertEqual([one["id"] for one in self.list("--job", "77")], [opened["session"]])
        self.assertEqual(self.list("--job", "77", "--user", "nobody"), [])
        self.assertIn(opened["session"], self.gate.cli("sessions", "list").stdout)
        shown = json.loads(self.gate.cli("sessions", "show", opened["session"], "--json").stdout)
        self.assertEqual(
            (shown["state"], shown["project"], shown["pipeline"], shown["job"], shown["user"], shown["environment"]),
            ("open", "acme/billing", "9", "77", "mona", "production"))
        self.assertNotIn(opened["access_token"], json.dumps(shown))

    def test_an_unknown_session_is_not_shown_and_not_ended(self):
        for arguments in (["show", "01M7YKM4Q0DHEPWC2R0T4GXRG3"], ["end", "01M7YKM4Q0DHEPWC2R0T4GXRG3", "--why", "x"]):
            done = self.gate.cli("sessions", *arguments)
            self.assertEqual(done.returncode, 4, done.stderr)
            self.assertIn("not_found", done.stderr)

    def test_an_ended_session_is_refused_at_once_and_for_good(self):
        id_token, ended = self.open()
        _, other = self.open()
        self.assertEqual(self.gate.request("GET", "/v1/x", ended["access_token"]).status, 200)
        done = self.gate.cli("sessions", "end", ended["session"], "--why", "runner compromised")
        self.assertEqual(done.returncode, 0, done.stderr)

        def check():
            before = len(self.upstream.seen)
            self.assert_refused(self.gate.request("GET", "/v1/x", ended["access_token"]), 401, "session_ended")
            self.assertEqual(len(self.upstream.seen), before)
            self.assert_refused(self.gate.exchange(id_token), 400, "session_ended")
            again = self.issuer.mint(job_id=self.job_of(ended))
            self.assert_refused(self.gate.exchange(again), 400, "session_ended")
            self.assertEqual(self.gate.request("GET", "/v1/x", other["access_token"]).status, 200)
            self.assertEqual([], [one for one in self.list() if one["id"] == ended["session"]])
            self.assertEqual(["ended"], [one["state"] for one in self.list("--all") if one["id"] == ended["session"]])

        check()
        self.assertEqual(self.gate.stop(), 0)
        self.gate.start()
        check()
        entry = eventually(
            lambda: next((e for e in self.gate.entries() if e["event"] == "session_ended" and e.get("session") == ended["session"]), None),
            "the end is in the log")
        self.assertEqual(entry["why"], "runner compromised")
        self.assertEqual(self.gate.verify_log().returncode, 0)

    def job_of(self, opened):
        return json.loads(self.gate.cli("sessions", "show", opened["session"], "--json").stdout)["job"]

    def test_exchanging_again_stays_on_the_session_and_within_its_bound(self):
        id_token, first = self.open()
        again = self.gate.exchange(id_token).json
        fresh = self.gate.exchange(self.issuer.mint(job_id=self.job_of(first), life=7200)).json
        for later in (again, fresh):
            self.assertEqual(later["session"], first["session"])
            self.assertLessEqual(later["expires_in"], first["expires_in"])
            self.assertNotEqual(later["access_token"], first["access_token"])

    def test_open_sessions_and_keys_survive_a_restart(self):
        _, opened = self.open()
        keys = self.gate.cli("keys", "list", "--json").stdout
        self.assertEqual(self.gate.stop(), 0)
        self.gate.start()
        self.assertEqual(self.gate.request("GET", "/v1/x", opened["access_token"]).status, 200)
        self.assertEqual(self.gate.cli("keys", "list", "--json").stdout, keys)

    def test_a_rotated_key_signs_and_the_old_tokens_stay_good_until_it_is_retired(self):
        _, old = self.open()
        kid = [one["kid"] for one in json.loads(self.gate.cli("keys", "list", "--json").stdout)["keys"] if one["state"] == "active"]
        self.assertEqual(self.gate.cli("keys", "rotate", "--why", "test").returncode, 0)
        _, new = self.open()
        for token in (old, new):
            self.assertEqual(self.gate.request("GET", "/v1/x", token["access_token"]).status, 200)
        done = self.gate.cli("keys", "retire", kid[0], "--why", "leaked")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.gate.request("GET", "/v1/x", old["access_token"]).status, 401)
        self.assertEqual(self.gate.request("GET", "/v1/x", new["access_token"]).status, 200)

    def test_the_admin_api_is_only_on_the_unix_socket(self):
        for method, path in (("GET", "/api/v1/sessions"), ("GET", "/api/v1/status"), ("POST", "/api/v1/keys/rotate")):
            for port in (self.gate.api, self.gate.gateway):
                self.assertEqual(call(port, method, path).status, 404)
