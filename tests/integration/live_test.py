"""Decisions follow what is true now, and access ends with the job: by webhook, by asking GitLab's API, across restarts."""

import base64
import json
import os
import sys
import threading
import time
import unittest

from support.case import GateCase
from support.gate import SANITIZED, policy_for, run
from support.issuer import SHA
from support.net import Raw, call, eventually

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))
from fake_gitlab_api import READ_TOKEN, FakeGitlab  # noqa: E402
from fake_gitlab_hooks import hook_secret  # noqa: E402

SECRET = "a-webhook-token-of-acme"
SIGNING = "whsec_" + base64.b64encode(b"k" * 32).decode()
OTHER_SHA = "b" * 40
MERGED = 'context.merged(into = "main", sha = job.sha)'


class LiveCase(GateCase):
    """`asks`: the gate may ask GitLab's API."""

    asks = False
    when = MERGED
    session = {"ttl": "15m", "ends_with_job": True}

    @classmethod
    def policy(cls):
        policy = policy_for(cls.upstream.url)
        policy["roles"]["deploy"]["allow"] = ["billing-api/read", {"permission": "billing-api/write", "when": cls.when}]
        policy["roles"]["deploy"]["session"] = cls.session
        return policy

    @classmethod
    def setUpClass(cls):
        cls.ci = FakeGitlab()
        cls.addClassCleanup(cls.ci.stop)
        super().setUpClass()
        cls.ci.add_project(42, "acme/billing")
        cls.ci.add_hook(cls.gate.url + "/hooks/gitlab/projects/42", project=42, token=hook_secret(SECRET, "projects/42"))

    @classmethod
    def issuers(cls):
        environment = {"WATCHWORD_TEST_HOOK": SECRET, "WATCHWORD_TEST_SIGNING": SIGNING, "WATCHWORD_TEST_API": READ_TOKEN}
        os.environ.update(environment)
        live = {"webhook_secret": ["env:WATCHWORD_TEST_HOOK", "env:WATCHWORD_TEST_SIGNING"]}
        if cls.asks:
            live |= {"api_token": "env:WATCHWORD_TEST_API", "api_url": cls.ci.url}
        return {"gitlab": cls.gitlab(**live)}

    @classmethod
    def config(cls):
        return {"context": {"reconcile_every": "5s"}}

    def setUp(self):
        self.ci.lose_hooks = False
        self.ci.answer_normally()

    def job(self, number, sha=SHA, **claims):
        """A running job's access token."""
        self.ci.start_job(42, number, 815, ref=claims.get("ref", "main"), sha=sha)
        return self.gate.access(self.issuer, job_id=str(number), sha=sha, **claims)

    def write(self, token):
        return self.gate.request("POST", "/v1/invoices", token, body=b"amount=1")

    def hook(self, event, token=SECRET, owner=None):
        """As a system hook, or as that of `owner`, such as projects/42."""
        body = event if isinstance(event, bytes) else json.dumps(event).encode()
        headers = {"content-type": "application/json", "x-gitlab-event": "Job Hook" if owner else "System Hook"}
        if token:
            headers["x-gitlab-token"] = token
        return call(self.gate.api, "POST", "/hooks/gitlab" + (f"/{owner}" if owner else ""), headers, body)

    def entry_of(self, event, **fields):
        def find():
            return next((e for e in self.gate.entries() if e["event"] == event and fields.items() <= (e | e.get("detail", {})).items()), None)

        return eventually(find, f"an entry {event} with {fields}")

    def is_over(self, token):
        try:
            return self.gate.request("GET", "/v1/x", token).reason == "session_ended"
        except ConnectionError:  # it was under way when the session ended
            return False

    def session_of(self, job):
        return next(one for one in self.gate.all_sessions() if one["job"] == str(job))


class RightsRiseAndFall(LiveCase):
    when = MERGED + ' && !context.reverted(into = "main", sha = job.sha)'

    def test_the_merge_event_raises_the_rights_of_the_token_in_hand_and_a_revert_takes_them(self):
        sha = "1" * 40
        token = self.job(100, sha, ref="feature/x")
        self.assert_refused(self.write(token), 403, "context_unknown")
        self.ci.open_merge_request(42, 1, "feature/x", "main", sha)
        refused = self.write(token)
        self.assert_refused(refused, 403, "context_not_met")
        self.assertIn("not merged into main yet", refused.json["found"])
        self.assertEqual(self.gate.request("GET", "/v1/invoices", token).status, 200)

        self.ci.merge(42, 1, merge_sha="2" * 40)
        self.assertEqual(self.write(token).status, 200)
        facts = self.entry_of("request", decision="allow", action="write")["detail"]["facts"]
        self.assertEqual([(one["value"], one["source"]) for one in facts], [(True, "webhook"), (False, "webhook")])

        self.ci.revert(42, "main", "2" * 40, by="3" * 40)
        self.assert_refused(self.write(token), 403, "context_not_met")

    def test_an_event_about_another_commit_raises_nothing(self):
        token = self.job(101, "4" * 40, ref="feature/y")
        self.ci.open_merge_request(42, 2, "feature/y", "main", OTHER_SHA)
        self.ci.merge(42, 2, merge_sha="5" * 40)
        self.assert_refused(self.write(token), 403, "context_unknown")


class LostHooks(LiveCase):
    asks = True

    def test_a_merge_that_no_hook_told_is_asked_for(self):
        sha = "6" * 40
        self.ci.lose_hooks = True
        self.ci.open_merge_request(42, 3, "feature/z", "main", sha)
        self.ci.merge(42, 3, squash_sha="7" * 40)
        token = self.job(200, sha, ref="feature/z")
        self.assertEqual(self.write(token).status, 200)
        fact = self.entry_of("request", decision="allow", action="write")["detail"]["facts"][0]
        self.assertEqual((fact["value"], fact["source"]), (True, "api"))

    def test_a_finished_job_loses_its_access_though_every_hook_is_lost(self):
        token = self.job(201)
        self.ci.lose_hooks = True
        self.ci.finish(42, 201)
        eventually(lambda: self.is_over(token), "reconciliation ends it", 30)
        # Refused at once; the row follows when it is durable.
        eventually(lambda: self.session_of(201).get("end_reason") == "job_ended", "the session's row says why it ended")

    def test_a_job_that_ended_while_the_gate_was_down_has_no_access_after_the_start(self):
        token = self.job(202)
        self.assertEqual(self.gate.stop(), 0)
        self.ci.finish(42, 202, "failed")  # its hook reaches nobody
        self.gate.start()
        eventually(lambda: self.is_over(token), "the look at the start ends it", 30)

    def test_what_cannot_be_asked_is_not_known_and_gives_nothing(self):
        self.ci.lose_hooks = True
        token = self.job(203, "8" * 40)
        for trouble in (lambda: self.ci.answer_with(401), lambda: self.ci.answer_with(500), self.ci.answer_html):
            trouble()
            self.assert_refused(self.write(token), 403, "context_unknown")


class OwnTokens(LiveCase):
    """Every hook is lost and the gate has no token of its own: what jobs offer is all that it can ask with."""

    @classmethod
    def issuers(cls):
        return {"gitlab": super().issuers()["gitlab"] | {"api_url": cls.ci.url}}

    def setUp(self):
        super().setUp()
        self.ci.lose_hooks = True

    def offer(self, job, token, of=None):
        self.ci.start_job(42, job, 815, sha=SHA)
        self.ci.job_tokens[token] = (42, of or job)
        answer = self.gate.exchange(self.issuer.mint(job_id=str(job)), ci_job_token=token)
        self.assertEqual(answer.status, 200, answer)
        return answer.json["access_token"]

    def looks(self, more):
        seen = len(self.ci.requests)
        eventually(lambda: len(self.ci.requests) >= seen + more, f"{more} looks", 60)

    def test_a_finished_job_loses_its_access_and_its_token_is_written_nowhere(self):
        secret = "glcbt-64_0123456789abcdefXYZ"
        token = self.offer(250, secret)
        self.looks(2)
        self.assertEqual(self.gate.request("GET", "/v1/x", token).status, 200)
        self.ci.finish(42, 250)
        eventually(lambda: self.is_over(token), "two looks that GitLab refuses end it", 60)
        self.entry_of("session_ended", end="job_ended", session=self.session_of(250)["id"])
        self.assertNotIn(secret, self.gate.log_text() + json.dumps(self.gate.entries()) + json.dumps(self.gate.all_sessions()))
        self.assertEqual(self.gate.stop(), 0)
        written = [os.path.join(folder, name) for folder, _, names in os.walk(self.gate.folder) for name in names]
        self.assertTrue(any(path.endswith(".db") for path in written), written)
        for path in written:
            with open(path, "rb") as file:
                self.assertNotIn(secret.encode(), file.read(), path)
        self.gate.start()
        self.assert_refused(self.gate.request("GET", "/v1/x", token), 401, "session_ended")

    def test_a_token_of_another_job_is_asked_with_once_and_says_nothing(self):
        self.ci.start_job(42, 261, 815, sha=SHA)
        token = self.offer(260, "glcbt-of-261", of=261)
        refused = 'watchword_job_tokens_refused_total{issuer="gitlab"}'
        eventually(lambda: self.gate.metric(refused) == 1, "the token is refused", 60)
        self.ci.finish(42, 261)
        self.assertEqual(self.gate.request("GET", "/v1/x", token).status, 200)

    def test_the_cli_sends_it_only_when_told_to(self):
        arguments = ["token", "exchange", "--gate", self.gate.url, "--token-only"]
        self.ci.start_job(42, 270, 815, sha=SHA)
        self.ci.job_tokens["glcbt-270"] = (42, 270)
        environment = {"WATCHWORD_ID_TOKEN": self.issuer.mint(job_id="270"), "CI_JOB_TOKEN": "glcbt-270"}
        self.assertEqual(run(*arguments, "--job-token-env", "NOT_SET", environment=environment).returncode, 4)
        done = run(*arguments, "--job-token-env", "CI_JOB_TOKEN", environment=environment)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.looks(1)
        self.ci.finish(42, 270)
        eventually(lambda: self.is_over(done.stdout.strip()), "the job's own token told it", 60)


class TheEndOfAJob(LiveCase):
    def download(self, token, size=1 << 34):
        """A raw connection in the middle of a download that would take minutes."""
        raw = Raw(self.gate.gateway, timeout=60)
        raw.send(f"GET /v1/bytes/{size} HTTP/1.1\r\nhost: billing.test\r\nauthorization: Bearer {token}\r\n\r\n")
        raw.read_until(b"\r\n\r\n")
        return raw

    def upload(self, token):
        """A raw connection in the middle of an upload without end."""
        raw = Raw(self.gate.gateway, timeout=60)
        raw.send(f"PUT /v1/upload HTTP/1.1\r\nhost: billing.test\r\nauthorization: Bearer {token}\r\ntransfer-encoding: chunked\r\n\r\n")
        for _ in range(100):
            raw.send(b"400\r\n" + b"x" * 1024 + b"\r\n")
        eventually(lambda: self.upstream.seen[-1].size > 0, "the upload has reached the backend")
        return raw

    def test_a_cancelled_jobs_download_and_upload_are_cut(self):
        token = self.job(300)
        self.ci.open_merge_request(42, 9, "feature/u", "main", SHA)
        self.ci.merge(42, 9, merge_sha="9" * 40)
        with self.download(token) as down, self.upload(token) as up:
            self.ci.cancel(42, 300)
            down.read_all()  # returns: the connection was closed long before the last byte
            answer = up.read_all().decode()
        self.assertIn("401 ", answer.split("\r\n")[0])
        self.assertIn("session_ended", answer)
        cut = self.entry_of("request_cut", action="read", session=self.session_of(300)["id"])
        self.assertEqual(cut["reason"], "session_ended")
        self.assertGreater(cut["detail"]["bytes_down"], 0)
        self.assertGreaterEqual(self.entry_of("request_cut", action="write")["detail"]["bytes_up"], 1024)
        self.assertEqual(self.entry_of("session_ended", end="job_ended")["decision"], "allow")
        self.assert_refused(self.gate.request("GET", "/v1/x", token), 401, "session_ended")

    def test_a_finished_job_cannot_open_a_session_and_no_later_event_makes_it_run_again(self):
        self.ci.start_job(42, 301, 815)
        self.ci.finish(42, 301)
        running = {"object_kind": "build", "build_id": 301, "build_status": "running", "pipeline_id": 815, "project_id": 42,
                   "build_created_at": "2099-01-01T00:00:00Z", "build_started_at": "2099-01-01T00:00:00Z"}
        self.assertEqual(self.hook(running).status, 200)
        self.assert_refused(self.gate.exchange(self.issuer.mint(job_id="301")), 400, "job_finished")

    def test_another_projects_event_ends_no_job(self):
        token = self.job(302)
        forged = {"object_kind": "build", "build_id": 302, "build_status": "success", "pipeline_id": 815, "project_id": 43}
        self.assertEqual(self.hook(forged).status, 200)
        self.assertEqual(self.gate.request("GET", "/v1/x", token).status, 200)

    def test_a_policy_that_takes_the_right_away_cuts_the_stream(self):
        token = self.job(303)
        narrowed = self.policy()
        narrowed["roles"]["deploy"]["allow"] = [{"permission": "billing-api/write", "when": MERGED}]
        with self.download(token) as down:
            self.gate.write(self.gate.policy_file, narrowed)
            self.addCleanup(lambda: self.gate.write(self.gate.policy_file, self.policy()))
            self.assertEqual(self.gate.cli("policy", "reload").returncode, 0)
            down.read_all()
        self.assertEqual(self.entry_of("request_cut", session=self.session_of(303)["id"])["reason"], "not_permitted")
        self.gate.write(self.gate.policy_file, self.policy())
        self.assertEqual(self.gate.cli("policy", "reload").returncode, 0)

    def test_many_sessions_are_ended_by_what_they_are(self):
        mine = [self.job(number, user_login="mallory") for number in (310, 311)]
        other = self.job(312)
        self.assertEqual(self.gate.cli("sessions", "end", "--why", "nothing is named").returncode, 2)
        done = self.gate.cli("sessions", "end", "--user", "mallory", "--why", "account taken over")
        self.assertEqual((done.returncode, done.stdout.strip()), (0, "2 sessions ended"), done.stderr)
        for token in mine:
            self.assert_refused(self.gate.request("GET", "/v1/x", token), 401, "session_ended")
        self.assertEqual(self.gate.request("GET", "/v1/x", other).status, 200)
        self.assertEqual(self.gate.cli("sessions", "end", "--all", "--why", "incident").returncode, 0)
        self.assert_refused(self.gate.request("GET", "/v1/x", other), 401, "session_ended")
        self.assertEqual(self.entry_of("session_ended", session=self.session_of(310)["id"])["why"], "account taken over")


class RequestConditions(TheEndOfAJob):
    """Conditions over the request itself hold as long as the request runs, however often it is put to the door again."""

    host = "a-rather-long-host-name.billing.test"
    test_a_cancelled_jobs_download_and_upload_are_cut = None
    test_a_finished_job_cannot_open_a_session_and_no_later_event_makes_it_run_again = None
    test_another_projects_event_ends_no_job = None
    test_a_policy_that_takes_the_right_away_cuts_the_stream = None
    test_many_sessions_are_ended_by_what_they_are = None

    @classmethod
    def policy(cls):
        policy = super().policy()
        policy["resources"]["billing-api"]["http"]["host"] = cls.host
        held = f'request.method == "GET" && request.host == "{cls.host}" && request.path.startsWith("/v1/bytes/")'
        frozen = '!context.frozen(environment = job.environment)'
        policy["roles"]["deploy"]["allow"] = [{"permission": "billing-api/read", "when": f"{held} && {frozen}"}]
        return policy

    def test_a_download_goes_on_while_facts_change_and_is_cut_by_the_one_that_counts(self):
        token = self.job(340)
        with Raw(self.gate.gateway, timeout=60) as raw:
            raw.send(f"GET /v1/bytes/{1 << 34} HTTP/1.1\r\nhost: {self.host}\r\nauthorization: Bearer {token}\r\n\r\n")
            raw.read_until(b"\r\n\r\n")
            for number in range(8):
                self.ci.push(42, "main", f"{number + 700:040x}")
                for _ in range(64):
                    self.assertTrue(raw.socket.recv(1 << 20), "cut though nothing that counts has changed")
            self.assertEqual(self.gate.cli("freeze", "production", "--until", "2099-01-01T00:00:00Z", "--why", "x").returncode, 0)
            raw.read_all()  # returns
        self.assertEqual(self.entry_of("request_cut", session=self.session_of(340)["id"])["reason"], "context_not_met")


class Forks(LiveCase):
    @classmethod
    def policy(cls):
        policy = super().policy()
        policy["roles"]["deploy"]["granted_to"] = [{"job": {"issuer": "gitlab", "project_path": "acme/billing", "forks": True}}]
        return policy

    def test_a_forks_job_ends_by_the_event_of_the_project_that_it_runs_in(self):
        token = self.gate.access(self.issuer, job_id="350", job_project_id="4300", job_project_path="mallory/billing")
        other = {"object_kind": "build", "build_id": 350, "build_status": "success", "pipeline_id": 815, "project_id": 42}
        self.assertEqual(self.hook(other).status, 200)
        self.assertEqual(self.gate.request("GET", "/v1/x", token).status, 200)
        self.assertEqual(self.hook(other | {"project_id": 4300}).status, 200)
        self.assert_refused(self.gate.request("GET", "/v1/x", token), 401, "session_ended")


class Grace(TheEndOfAJob):
    session = {"ttl": "15m", "drain": "5s"}

    # Only the grace is looked at here.
    test_a_cancelled_jobs_download_and_upload_are_cut = None
    test_a_finished_job_cannot_open_a_session_and_no_later_event_makes_it_run_again = None
    test_another_projects_event_ends_no_job = None
    test_a_policy_that_takes_the_right_away_cuts_the_stream = None
    test_many_sessions_are_ended_by_what_they_are = None

    def test_requests_under_way_may_finish_and_new_ones_may_not(self):
        token = self.job(330)
        with self.download(token, 1 << 20) as down:
            self.ci.cancel(42, 330)
            self.assert_refused(self.gate.request("GET", "/v1/x", token), 401, "session_ended")
            while len(down.received) < 1 << 20:
                piece = down.socket.recv(65536)
                self.assertTrue(piece, "cut within the grace")
                down.received += piece
        with self.download(self.job(331)) as late:
            self.ci.cancel(42, 331)
            late.read_all()  # returns, when the grace is over


class Freezes(LiveCase):
    when = '!context.frozen(environment = job.environment)'

    def test_a_freeze_refuses_until_it_is_lifted_and_both_are_on_record(self):
        token = self.job(400)
        self.assertEqual(self.write(token).status, 200)
        done = self.gate.cli("freeze", "production", "--until", "2099-01-01T00:00:00Z", "--why", "incident 4711")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assert_refused(self.write(token), 403, "context_not_met")
        self.assertIn("incident 4711", self.gate.cli("freezes").stdout)
        self.gate.kill()
        self.gate.start()
        self.assert_refused(self.write(token), 403, "context_not_met")
        self.assertEqual(self.gate.cli("freeze", "production", "--lift", "--why", "over").returncode, 0)
        self.assertEqual(self.write(token).status, 200)
        self.assertEqual(self.entry_of("freeze_changed", change="frozen")["why"], "incident 4711")
        self.assertEqual(self.entry_of("freeze_changed", change="lifted")["why"], "over")
        self.assertEqual(self.gate.cli("freeze", "production", "--lift", "--why", "again").returncode, 4)
        self.assertNotEqual(self.gate.cli("freeze", "production", "--until", "2001-01-01T00:00:00Z", "--why", "x").returncode, 0)


class Hostile(LiveCase):
    event = {"object_kind": "build", "build_id": 500, "build_status": "running", "pipeline_id": 815, "project_id": 42}

    def test_an_event_that_nobody_vouches_for_is_refused_and_recorded(self):
        for token in (None, "", "a-webhook-token-of-acmE", SECRET + "x"):
            refused = self.hook(self.event, token)
            self.assert_refused(refused, 401, "webhook_unauthenticated")
        entry = self.gate.entry(refused.json["record"])
        self.assertEqual((entry["event"], entry["decision"]), ("event_refused", "deny"))
        self.assertEqual(call(self.gate.api, "POST", "/hooks/okta", {}, b"{}").status, 404)

    def signed(self, id="msg-1", at=None, body=None, key=SIGNING, **changes):
        hook = {"token": None, "signing_token": key}
        body = body or json.dumps(self.event).encode()
        headers = self.ci.headers(hook, "System Hook", body, "1d0f6f4e-0000-4000-8000-000000000000", id)
        if at is not None:
            import hashlib
            import hmac
            mac = hmac.new(base64.b64decode(key.removeprefix("whsec_")), f"{id}.{at}.".encode() + body, hashlib.sha256).digest()
            headers |= {"webhook-timestamp": str(at), "webhook-signature": "v1," + base64.b64encode(mac).decode()}
        return call(self.gate.api, "POST", "/hooks/gitlab", headers | changes, body)

    def test_a_signature_counts_once_and_for_five_minutes(self):
        first = self.signed("msg-once")
        self.assertEqual((first.status, first.json["event"]), (200, "applied"), first.body)
        self.assertEqual(self.signed("msg-once").json["event"], "duplicate")
        self.gate.kill()
        self.gate.start()
        self.assertEqual(self.signed("msg-once").json["event"], "duplicate")
        for shift in (-3600, 3600):
            self.assert_refused(self.signed("msg-old", at=int(time.time()) + shift), 401, "webhook_stale")
        other = "whsec_" + base64.b64encode(b"o" * 32).decode()
        self.assert_refused(self.signed("msg-forged", key=other), 401, "webhook_unauthenticated")
        with_token = self.signed("msg-both", key=other, **{"X-Gitlab-Token": SECRET})
        self.assert_refused(with_token, 401, "webhook_unauthenticated")

    def test_malformed_events_are_refused_whole(self):
        for body in (b"", b"{", b"[]", b'{"object_kind":"build","object_kind":"push"}', b'{"object_kind":"build"}',
                     json.dumps(self.event | {"build_id": "500; DROP"}).encode(), b"\xff\xfe", b"[" * 5000):
            answer = self.hook(body)  # acknowledged, as GitLab would disable the hook otherwise
            self.assertEqual((answer.status, answer.json["event"]), (200, "malformed"), body[:40])
        self.entry_of("event_refused", reason="event_malformed")
        self.assertEqual(self.hook({"object_kind": "wiki_page"}).json["event"], "ignored")

    def answer_to_headers(self, *headers, length=1 << 20):
        """The status, when nothing of the announced body is sent."""
        with Raw(self.gate.api) as raw:
            lines = ["POST /hooks/gitlab HTTP/1.1", "host: x", "x-gitlab-event: System Hook", f"content-length: {length}", *headers, "", ""]
            raw.send("\r\n".join(lines))
            return int(raw.read_until(b"\r\n").split()[1])

    def test_what_the_headers_rule_out_is_refused_before_the_body(self):
        signature = "webhook-signature: v1," + "A" * 44
        for headers, status in (((), 401), (("x-gitlab-token: wrong",), 401), (("webhook-id: a", signature), 400),
                                (("webhook-id: a", "webhook-timestamp: 1000000000", signature), 401)):
            for length in (1 << 20, 25 << 20):
                self.assertEqual(self.answer_to_headers(*headers, length=length), status, headers)
        self.assertEqual(self.answer_to_headers(f"x-gitlab-token: {SECRET}", length=(25 << 20) + 1), 413)

    def test_a_huge_event_of_a_known_sender_is_acknowledged_and_taught_nothing(self):
        huge = json.dumps(self.event | {"build_id": 502, "padding": "x" * (24 << 20)}).encode()
        for answer in (self.hook(huge), self.signed("msg-huge", body=huge)):
            self.assertEqual((answer.status, answer.json["event"]), (200, "too_large"), answer.body)
        self.entry_of("event_refused", reason="http_too_large")
        other = "whsec_" + base64.b64encode(b"o" * 32).decode()
        self.assert_refused(self.signed("msg-huge-2", body=huge, key=other), 401, "webhook_unauthenticated")
        self.assertEqual(self.hook(self.event | {"build_id": 503}).json["event"], "applied")

    def test_an_event_of_a_project_that_no_policy_knows_changes_nothing_for_others(self):
        token = self.job(501)
        self.assertEqual(self.hook(self.event | {"project_id": 777, "build_id": 501, "build_status": "failed"}).status, 200)
        self.assertEqual(self.gate.request("GET", "/v1/x", token).status, 200)


class Scopes(LiveCase):
    """Whoever knows the secret of one hook speaks for what that hook is of, and for nothing else."""

    asks = True

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ci.add_project(43, "acme-evil/billing")
        cls.ci.add_group(7, "acme")
        cls.ci.add_group(70, "acme-evil")

    def merged(self, sha, project=42, **more):
        return {"object_kind": "merge_request", "project": {"id": project, "path_with_namespace": "acme/billing"}, "object_attributes": {
            "iid": 9, "target_project_id": project, "target_branch": "main", "source_branch": "f", "state": "merged", "action": "merge",
            "updated_at": "2026-11-21 08:52:00 UTC", "last_commit": {"id": sha}} | more}

    def said(self, event, of, at=None):
        """The answer to the event with the secret of one hook at the path of another."""
        answer = self.hook(event, hook_secret(SECRET, of), at or of)
        return answer.json.get("event") or answer.json["reason"]

    def test_a_merge_that_another_projects_hook_claims_raises_nothing(self):
        sha = "d" * 40
        token = self.job(800, sha, ref="feature/d")
        for of, at, answer in (("projects/43", "projects/42", "webhook_unauthenticated"), ("projects/43", "projects/43", "out_of_scope"),
                               ("projects/4", "projects/42", "webhook_unauthenticated"), ("projects/4", "projects/4", "out_of_scope"),
                               ("groups/70", "groups/7", "webhook_unauthenticated"), ("groups/70", "groups/70", "out_of_scope"),
                               ("groups/42", "projects/42", "webhook_unauthenticated")):
            self.assertEqual(self.said(self.merged(sha), of, at), answer, (of, at))
        fork = self.merged(sha, 43, target_project_id=42, source_project_id=43)
        self.assertEqual(self.said(fork, "projects/43"), "malformed")
        self.assert_refused(self.write(token), 403, "context_unknown")
        refused = self.entry_of("event_refused", reason="webhook_out_of_scope", hook="group 70")
        self.assertEqual((refused["decision"], refused["detail"]["issuer"]), ("deny", "gitlab"))
        self.assertEqual(self.said(self.merged(sha), "projects/42"), "applied")
        self.assertEqual(self.write(token).status, 200)

    def test_another_projects_hook_ends_no_job(self):
        token = self.job(801)
        ended = {"object_kind": "build", "build_id": 801, "build_status": "success", "pipeline_id": 815, "project_id": 42}
        self.assertEqual(self.said(ended, "groups/70"), "out_of_scope")
        self.assertEqual(self.said(ended, "projects/43"), "out_of_scope")
        self.assertEqual(self.gate.request("GET", "/v1/x", token).status, 200)
        self.assertEqual(self.said(ended, "groups/7"), "applied")
        self.assert_refused(self.gate.request("GET", "/v1/x", token), 401, "session_ended")

    def test_a_group_that_gitlab_cannot_be_asked_about_is_answered_that_it_should_try_again(self):
        self.ci.answer_with(500)
        self.ci.add_project(44, "acme/other")
        event = {"object_kind": "build", "build_id": 802, "build_status": "success", "pipeline_id": 815, "project_id": 44}
        self.assert_refused(self.hook(event, hook_secret(SECRET, "groups/7"), "groups/7"), 503, "ci_unavailable")

    def test_the_issuers_own_secret_is_taken_at_its_own_path_only(self):
        sha = "e" * 40
        for owner in ("projects/42", "groups/7"):
            self.assert_refused(self.hook(self.merged(sha), SECRET, owner), 401, "webhook_unauthenticated")
        master = {"x-gitlab-token": SECRET, "x-gitlab-event": "Merge Request Hook"}
        told = call(self.gate.api, "POST", "/hooks/gitlab", master, json.dumps(self.merged(sha)).encode())
        self.assertEqual(told.json["event"], "applied")

    def test_a_path_leads_to_one_hook_only(self):
        for owner in ("projects/42/", "projects/042", "projects/4%32", "projects/42%2F", "projects/acme%2Fbilling", "groups/acme", "projects"):
            self.assertEqual(self.hook(self.merged("f" * 40), hook_secret(SECRET, "projects/42"), owner).status, 404, owner)


class KillNine(LiveCase):
    def test_what_was_acknowledged_survives_kill_nine(self):
        for number in range(600, 610 if SANITIZED else 700):
            sha = f"{number:040x}"
            merged = {"object_kind": "merge_request", "project": {"id": 42}, "object_attributes": {
                "iid": number, "target_branch": "main", "source_branch": "f", "state": "merged", "action": "merge",
                "updated_at": "2026-11-21 08:52:00 UTC", "last_commit": {"id": sha}}}
            delivered = threading.Thread(target=lambda: self.try_hook(merged))
            self.acknowledged = False
            delivered.start()
            if number % 2:
                delivered.join()
            self.gate.kill()
            delivered.join()
            self.gate.start()
            if self.acknowledged:
                self.assertEqual(self.write(self.gate.access(self.issuer, sha=sha)).status, 200, number)
            else:
                self.assertIn(self.hook(merged).json["event"], ("applied", "duplicate"))
                self.assertEqual(self.write(self.gate.access(self.issuer, sha=sha)).status, 200, number)
        eventually(lambda: self.gate.verify_log().returncode == 0, "the log verifies")

    def try_hook(self, event):
        try:
            self.acknowledged = self.hook(event).status == 200
        except OSError:
            pass


if __name__ == "__main__":
    unittest.main()
