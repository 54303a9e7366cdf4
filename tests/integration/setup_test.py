"""`watchword gitlab setup` makes and mends the webhook, `watchword doctor` says what is wrong, /api/v1/context what is so."""

import base64
import json
import os
import re
import subprocess
import sys
import unittest
import urllib.parse

from support.case import GateCase
from support.gate import run
from support.issuer import SHA
from support.net import eventually, free_port

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))
from fake_gitlab_api import API_TOKEN, READ_TOKEN, FakeGitlab, Refused  # noqa: E402
from fake_gitlab_hooks import hook_secret  # noqa: E402

SECRET = "a-webhook-token-of-acme"
SIGNING = "whsec_" + base64.b64encode(b"k" * 32).decode()
EVENTS = {"push_events", "merge_requests_events", "job_events", "pipeline_events", "deployment_events"}
DONE, FAILED, USAGE, INVALID, TO_DO = 0, 1, 2, 3, 4


class Gitlab(FakeGitlab):
    """With paths in place of ids, tests of hooks, and the page that shows a token's scopes."""

    scope = "api"

    def answer(self, method, path, query, body):
        if path == "/personal_access_tokens/self":
            return {"id": 1, "scopes": [self.scope], "active": True, "expires_at": "2027-01-31"}
        path = re.sub(r"^/(projects|groups)/([^/]+)", self.with_id, path)
        if tested := re.fullmatch(r"/projects/\d+/hooks/(\d+)/test/push_events", path):
            return self.test(self.hooks[int(tested[1])])
        return super().answer(method, path, query, body)

    def with_id(self, match):
        kind, name = match[1], urllib.parse.unquote(match[2])
        paths = {of.path: id for id, of in self.projects.items()} if kind == "projects" else {path: id for id, path in self.groups.items()}
        if name.isdigit():
            return match[0]
        if name not in paths:
            raise Refused(404, f"404 {kind[:-1].capitalize()} Not Found")
        return f"/{kind}/{paths[name]}"

    def test(self, hook):
        push = {"object_kind": "push", "before": "0" * 40, "after": SHA, "ref": "refs/heads/main", "project_id": hook["owner"],
                "commits": [], "total_commits_count": 0}
        status = self.deliver(hook, "Push Hook", json.dumps(push).encode())
        if status != 200:
            raise Refused(422, f"Hook executed successfully but returned HTTP {status}")
        hook |= {"alert_status": "executable", "disabled_until": None}
        return {"message": "201 Created"}

    def shown_hook(self, hook):
        return super().shown_hook(hook) | {"token_present": bool(hook["token"])}


class SetupCase(GateCase):
    secrets = ["env:WATCHWORD_TEST_HOOK"]
    token = API_TOKEN

    @classmethod
    def setUpClass(cls):
        cls.ci = Gitlab()
        cls.addClassCleanup(cls.ci.stop)
        os.environ.update({"WATCHWORD_TEST_HOOK": SECRET, "WATCHWORD_TEST_SIGNING": SIGNING, "WATCHWORD_TEST_API": cls.token})
        super().setUpClass()
        cls.door = cls.gate.url + "/hooks/gitlab"
        cls.url, cls.own = cls.door + "/projects/42", hook_secret(SECRET, "projects/42")

    @classmethod
    def issuers(cls):
        return {"gitlab": cls.gitlab(webhook_secret=cls.secrets, api_token="env:WATCHWORD_TEST_API", api_url=cls.ci.url)}

    @classmethod
    def config(cls):
        return {"context": {"reconcile_every": "10m"}}

    def setUp(self):
        self.ci.hooks.clear()
        self.ci.lose_hooks = False
        self.ci.answer_normally()
        self.ci.add_project(42, "acme/billing")
        self.ci.add_group(7, "acme")
        self.ci.requests.clear()

    def cli(self, code, *arguments, **environment):
        done = self.gate.cli(*arguments, environment=environment)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        for secret in (SECRET, SIGNING, API_TOKEN, READ_TOKEN, self.own):
            self.assertNotIn(secret, done.stdout + done.stderr)
        return done

    def set_up(self, code, *arguments, owner=("--project", "acme/billing"), **environment):
        return self.cli(code, "gitlab", "setup", *owner, *arguments, **environment)

    def ours(self):
        return [hook for hook in self.ci.hooks.values() if hook["url"].startswith(self.door)]

    def assert_fits(self, hook):
        self.assertEqual({name for name, on in hook.items() if name.endswith("_events") and on}, EVENTS)
        self.assertTrue(hook["enable_ssl_verification"])
        self.assertEqual(hook["alert_status"], "executable")

    def changes(self):
        return [request for request in self.ci.requests if not request.startswith("GET ")]


class Setup(SetupCase):
    def test_a_hook_is_made_only_when_that_is_asked_for_and_only_once(self):
        dry = self.set_up(TO_DO)
        self.assertIn(f"create  hook of project acme/billing to {self.url}", dry.stdout)
        self.assertIn("--apply", dry.stdout)
        self.assertEqual(self.changes(), [])

        self.set_up(DONE, "--apply")
        [hook] = self.ours()
        self.assert_fits(hook)
        self.assertEqual((hook["url"], hook["token"], hook["signing_token"]), (self.url, self.own, None))
        self.assertIn("nothing to do", self.set_up(DONE).stdout)
        self.set_up(DONE, "--apply")
        self.assertEqual(len(self.changes()), 1)
        self.ci.start_job(42, 500, 815)
        self.assertEqual(self.ci.deliveries[-1]["status"], 200)

    def test_a_hook_that_drifted_is_mended_and_others_are_left_alone(self):
        other = self.ci.add_hook("https://chat.example.com/hook", project=42, issues_events=True)
        self.ci.add_hook(self.url, project=42, token=self.own, job_events=False, issues_events=True, enable_ssl_verification=False,
                         push_events_branch_filter="main")
        before = dict(other)
        text = self.set_up(TO_DO).stdout
        for line in ("job_events: false, wanted true", "issues_events: true, wanted false", "enable_ssl_verification: false, wanted true",
                     "push_events_branch_filter: main, wanted none"):
            self.assertIn(line, text)
        self.assertEqual(self.changes(), [])
        self.set_up(DONE, "--apply")
        self.assert_fits(self.ours()[0])
        self.assertEqual(self.ours()[0]["push_events_branch_filter"], "")
        self.assertEqual(other, before)
        self.set_up(DONE)

    def test_a_hook_that_gitlab_disabled_is_enabled_by_a_test_of_it(self):
        self.ci.add_hook(self.url, project=42, token="of-an-earlier-time", alert_status="disabled")
        self.assertIn("alert_status: disabled, wanted executable", self.set_up(TO_DO).stdout)
        self.set_up(DONE, "--apply")
        self.assert_fits(self.ours()[0])
        self.assertEqual(self.ci.deliveries[-1]["status"], 200)

    def test_a_hook_that_is_still_refused_stays_disabled_and_that_is_said(self):
        self.ci.add_hook(self.url, project=42, token=self.own, alert_status="temporarily_disabled")
        self.addCleanup(setattr, self.ci, "headers", self.ci.headers)
        self.ci.headers = lambda *_: {"X-Gitlab-Token": "something-in-between-changed-it"}
        self.assertIn("returned HTTP 401", self.set_up(FAILED, "--apply").stderr)

    def test_a_secret_is_set_again_when_that_is_asked_for(self):
        self.ci.add_hook(self.url, project=42, token="of-an-earlier-time")
        self.set_up(DONE)
        self.set_up(TO_DO, "--set-secret")
        self.set_up(DONE, "--set-secret", "--apply")
        self.assertEqual(self.ours()[0]["token"], self.own)

    def test_a_hook_with_the_secret_of_the_whole_issuer_gets_its_own(self):
        self.ci.add_hook(self.door, project=42, token=SECRET)
        self.assertIn(f"url: {self.door}, wanted {self.url}", self.set_up(TO_DO).stdout)
        self.ci.start_job(42, 503, 815)
        self.assertEqual(self.ci.deliveries[-1]["status"], 200)
        self.set_up(DONE, "--apply")
        [hook] = self.ours()
        self.assertEqual((hook["url"], hook["token"]), (self.url, self.own))
        self.set_up(DONE)
        self.ci.start_job(42, 504, 815)
        self.assertEqual(self.ci.deliveries[-1]["status"], 200)
        other = self.ci.add_hook(self.door, project=42, token=SECRET)
        self.assertIn(f"hook {other['id']} of project acme/billing goes to {self.door}", self.set_up(TO_DO).stdout)

    def test_hooks_of_other_gates_are_nobodys_business(self):
        for url in (self.door + "-2", self.door.replace("/hooks", "/hook") + "/projects/42", self.gate.url):
            self.ci.add_hook(url, project=42)
        self.assertIn("create", self.set_up(TO_DO).stdout)

    def test_two_hooks_to_the_same_url_are_reported_and_kept(self):
        for _ in range(2):
            self.ci.add_hook(self.url, project=42, token=self.own)
        first, second = self.ours()
        for arguments in ([], ["--apply"]):
            text = self.set_up(TO_DO, *arguments).stdout
            self.assertIn(f"hook {second['id']} of project acme/billing has the same URL", text)
        self.assertEqual(self.changes(), [])

    def test_what_gitlab_refuses_is_said_with_what_to_do(self):
        refused = self.set_up(FAILED, WATCHWORD_GITLAB_TOKEN="glpat-wrong").stderr
        self.assertIn("status 401", refused)
        self.assertIn("has expired", refused)
        refused = self.set_up(FAILED, owner=("--project", "acme/unknown")).stderr
        self.assertIn("status 404", refused)
        self.assertIn("check the path", refused)
        refused = self.set_up(FAILED, "--apply", WATCHWORD_GITLAB_TOKEN=READ_TOKEN).stderr
        self.assertIn("status 403", refused)
        self.assertIn("Maintainer", refused)
        self.assertEqual(self.ours(), [])

    def test_a_group_has_a_hook_for_all_of_its_projects(self):
        self.set_up(DONE, "--apply", owner=("--group", "acme"))
        [hook] = self.ours()
        self.assertEqual((hook["kind"], hook["url"], hook["token"]), ("groups", self.door + "/groups/7", hook_secret(SECRET, "groups/7")))
        self.ci.start_job(42, 501, 815)
        self.assertEqual(self.ci.deliveries[-1]["status"], 200)

    def test_the_token_may_come_from_a_file(self):
        path = self.gate.path("api_token")
        with open(path, "w") as file:
            file.write(API_TOKEN + "\n")
        self.set_up(DONE, "--apply", "--token-file", path, WATCHWORD_GITLAB_TOKEN="glpat-wrong")

    def test_programs_are_told_too(self):
        self.assertEqual(json.loads(self.set_up(TO_DO, "--json").stdout),
                         {"owner": "project acme/billing", "url": self.url, "create": True, "set_secret": True, "applied": False,
                          "changes": [], "twice": []})
        made = json.loads(self.set_up(DONE, "--json", "--apply").stdout)
        self.assertEqual((made["hook"], made["applied"]), (str(self.ours()[0]["id"]), True))
        self.ours()[0]["job_events"] = False
        self.assertEqual(json.loads(self.set_up(TO_DO, "--json").stdout)["changes"],
                         [{"setting": "job_events", "found": "false", "wanted": "true"}])

    def test_completion_lists_both_commands(self):
        script = run("completion", "bash").stdout
        for words, expected in (("watchword gitlab setup --ap", "--apply"), ("watchword doct", "doctor"), ("watchword doctor --pro", "--project")):
            last = len(words.split()) - 1
            asked = f"{script}COMP_WORDS=({words}); COMP_CWORD={last}; _watchword; echo ${{COMPREPLY[@]}}"
            self.assertEqual(subprocess.run(["bash", "-c", asked], capture_output=True, text=True).stdout.strip(), expected)

    def test_a_wrong_command_line_is_told_from_a_wrong_hook(self):
        self.set_up(USAGE, owner=())
        self.set_up(USAGE, owner=("--project", "acme/billing", "--group", "acme"))
        self.set_up(INVALID, "--gitlab", "unknown")


class HookSecret(SetupCase):
    secrets = ["env:WATCHWORD_TEST_HOOK", "env:WATCHWORD_TEST_SIGNING"]

    def secret(self, code, *arguments):
        done = self.gate.cli("gitlab", "hook-secret", *arguments)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        for secret in (SECRET, SIGNING):
            self.assertNotIn(secret, done.stdout + done.stderr)
        return done.stdout

    def test_it_is_what_setup_sets_and_nothing_else_is_printed(self):
        for kind, master in (("token", SECRET), ("signing", SIGNING)):
            for option, owner in (("--project", "projects/42"), ("--group", "groups/7")):
                expected = hook_secret(master, owner)
                self.assertEqual(self.secret(DONE, option, owner.split("/")[1], "--kind", kind), expected + "\n")
                told = json.loads(self.secret(DONE, option, owner.split("/")[1], "--kind", kind, "--json"))
                self.assertEqual(told, {"url": f"{self.door}/{owner}", "secret": expected})
        self.set_up(DONE, "--apply")
        [hook] = self.ours()
        self.assertEqual((hook["token"], hook["signing_token"]), (hook_secret(SECRET, "projects/42"), hook_secret(SIGNING, "projects/42")))

    def test_what_is_not_clear_prints_no_secret(self):
        for arguments in ((), ("--project", "42"), ("--project", "42", "--group", "7"), ("--project", "acme/billing", "--kind", "token"),
                          ("--project", "042", "--kind", "token"), ("--project", "42", "--kind", "both")):
            self.assertEqual(self.secret(USAGE, *arguments), "")
        self.assertEqual(self.secret(INVALID, "--project", "42", "--kind", "token", "--gitlab", "unknown"), "")


class SigningSetup(SetupCase):
    secrets = ["env:WATCHWORD_TEST_SIGNING"]

    def test_a_signing_key_becomes_the_hooks_signing_token(self):
        self.set_up(DONE, "--apply")
        [hook] = self.ours()
        self.assertEqual((hook["url"], hook["token"], hook["signing_token"]), (self.url, None, hook_secret(SIGNING, "projects/42")))
        self.ci.start_job(42, 502, 815)
        self.assertEqual(self.ci.deliveries[-1]["status"], 200)


class Context(SetupCase):
    @classmethod
    def config(cls):
        return {"context": {"reconcile_every": "5s"}}  # looks are waited for

    def context(self):
        [gitlab] = self.gate.admin_get("/api/v1/context")["issuers"]
        return gitlab

    def test_what_is_heard_and_asked_is_shown_and_counted(self):
        self.ci.add_hook(self.url, project=42, token=self.own)
        self.ci.start_job(42, 600, 815)
        self.gate.access(self.issuer, job_id="600")
        shown = self.context()
        self.assertEqual(shown["issuer"], "gitlab")
        self.assertTrue(shown["api"]["asked"])
        self.assertTrue(shown["hooks"]["accepted"])
        [project] = shown["hooks"]["projects"]
        self.assertEqual((project["id"], project["path"], project["silent"]), ("42", "acme/billing", False))
        self.assertGreaterEqual(project["sessions"], 1)
        self.assertEqual(project["last_event"], shown["hooks"]["last_event"])
        self.assertGreater(self.gate.metric('watchword_last_event_seconds{issuer="gitlab"}'), 1.7e9)
        self.assertGreaterEqual(self.gate.metric('watchword_event_lag_seconds_count{issuer="gitlab"}'), 1)
        self.assertEqual(self.gate.metric('watchword_hooks_silent{issuer="gitlab"}'), 0)

    def test_an_answer_that_contradicts_an_event_is_counted(self):
        self.ci.add_hook(self.url, project=42, token=self.own)
        self.ci.start_job(42, 601, 816)
        self.gate.access(self.issuer, job_id="601", pipeline_id="816")
        before = self.context()["hooks"]["disagreeing"]
        self.ci.lose_hooks = True
        self.ci.finish(42, 601)
        eventually(lambda: self.context()["hooks"]["disagreeing"] > before, "the API contradicts the event", 30)
        self.assertGreaterEqual(self.gate.metric('watchword_facts_disagreeing_total{issuer="gitlab"}'), 1)
        eventually(lambda: "last_answer" in self.context()["api"], "an answer is on show")

    def test_trouble_with_the_api_is_on_show(self):
        self.ci.add_hook(self.url, project=42, token=self.own)
        self.ci.start_job(42, 602, 817)
        self.gate.access(self.issuer, job_id="602", pipeline_id="817")
        self.ci.answer_with(500)
        eventually(lambda: "500" in self.context()["api"].get("trouble", {}).get("found", ""), "the trouble is on show", 30)
        self.ci.answer_normally()
        eventually(lambda: "trouble" not in self.context()["api"], "the trouble is over", 30)


class Doctor(SetupCase):
    def checks(self, code, *arguments):
        done = self.cli(code, "doctor", "--json", *arguments)
        found = json.loads(done.stdout)
        self.assertEqual(found["healthy"], code == DONE)
        return {check["check"]: check for check in found["checks"]}

    def bad(self, *arguments):
        """What is bad, with the reason and the fix in one text."""
        checks = self.checks(TO_DO, *arguments)
        return {name: json.dumps(check["failure"]) for name, check in checks.items() if not check["good"]}

    def use(self, job):
        """A session, and an event of its project."""
        self.ci.start_job(42, job, 815)
        self.gate.access(self.issuer, job_id=str(job))

    def configure(self, **issuer):
        self.addCleanup(self.gate.configure, self.issuers(), **self.config())
        self.gate.configure({"gitlab": self.issuers()["gitlab"] | issuer}, **self.config())

    def test_a_gate_that_is_well(self):
        self.ci.add_hook(self.url, project=42, token=self.own)
        self.use(700)
        checks = self.checks(DONE)
        self.assertLessEqual({"config", "policy", "sealing key", "gate", "issuer gitlab", "api gitlab", "events gitlab",
                              "hook gitlab, project acme/billing", "store space", "clock 127.0.0.1"}, set(checks))
        self.assertIn("scopes api", checks["api gitlab"]["detail"])
        self.assertIn("fits; events come", checks["hook gitlab, project acme/billing"]["detail"])
        text = self.cli(DONE, "doctor").stdout
        self.assertEqual({line.split()[0] for line in text.splitlines()}, {"good"})

    def test_a_configuration_or_policy_that_is_not_valid(self):
        self.addCleanup(self.gate.write, self.gate.policy_file, self.policy())
        self.gate.write(self.gate.policy_file, {"resources": {"x": {"nonsense": 1}}})
        self.assertIn("policy_invalid", self.bad()["policy"])
        self.configure(unknown_key=1)
        self.assertEqual(set(self.bad()), {"config"})

    def test_a_gate_that_does_not_run_and_an_issuer_that_does_not_answer(self):
        self.configure(jwks_uri=f"http://127.0.0.1:{free_port()}/keys")
        config = self.gate.path("elsewhere.yaml")
        with open(self.gate.config_file) as file:
            elsewhere = json.load(file)
        elsewhere["listen"]["admin"] = "unix:" + self.gate.path("nobody.sock")
        elsewhere["log"]["directory"] = "/nonexistent/log"
        self.gate.write(config, elsewhere)
        done = run("doctor", "--json", "--config", config)
        self.assertEqual(done.returncode, TO_DO, done.stderr)
        bad = {one["check"]: one["failure"]["reason"] for one in json.loads(done.stdout)["checks"] if not one["good"]}
        self.assertEqual(bad, {"gate": "gate_unreachable", "issuer gitlab": "issuer_unavailable", "hooks gitlab": "gate_unreachable",
                               "log space": "store_unavailable"})

    def test_an_api_token_that_is_wrong_or_has_the_wrong_scope(self):
        self.addCleanup(setattr, self.ci, "scope", "api")
        self.ci.add_hook(self.url, project=42, token=self.own)
        self.use(701)
        self.ci.scope = "read_repository"
        self.assertIn("read_repository", self.bad()["api gitlab"])
        os.environ["WATCHWORD_TEST_API"] = "glpat-wrong"
        self.addCleanup(os.environ.update, {"WATCHWORD_TEST_API": API_TOKEN})
        bad = self.bad()
        self.assertEqual(set(bad), {"api gitlab"})  # the events still come
        self.assertIn("status 401", bad["api gitlab"])

    def test_a_hook_that_is_missing_or_drifted_or_disabled_or_there_twice(self):
        name = "hook gitlab, project acme/other"
        self.ci.add_project(43, "acme/other")
        missing = self.bad("--project", "acme/other")[name]
        self.assertIn("no hook to " + self.door + "/projects/43", missing)
        self.assertIn("gitlab setup --project acme/other --gitlab gitlab", missing)
        url, secret = self.door + "/projects/43", hook_secret(SECRET, "projects/43")
        hook = self.ci.add_hook(url, project=43, token=secret, job_events=False)
        self.assertIn("job_events: false", self.bad("--project", "acme/other")[name])
        hook |= {"job_events": True, "alert_status": "disabled"}
        self.assertIn("alert_status: disabled", self.bad("--project", "acme/other")[name])
        hook["alert_status"] = "executable"
        self.checks(DONE, "--project", "acme/other")
        other = self.ci.add_hook(url, project=43, token=secret)
        self.assertIn("has the same URL", self.bad("--project", "acme/other")[name])
        other["url"] = self.door
        self.assertIn(f"hook {other['id']} goes to {self.door}", self.bad("--project", "acme/other")[name])
        del self.ci.hooks[other["id"]]
        hook["url"] = self.door
        self.assertIn(f"url: {self.door}, wanted {url}", self.bad("--project", "acme/other")[name])

    def test_a_project_that_its_groups_hook_speaks_for_is_well(self):
        self.ci.add_hook(self.door + "/groups/7", group=7, token=hook_secret(SECRET, "groups/7"))
        self.use(702)
        self.assertIn("none of its own", self.checks(DONE)["hook gitlab, project acme/billing"]["detail"])
        self.checks(DONE, "--group", "acme")
        self.assertIn("hook gitlab, group acme", self.checks(DONE, "--group", "acme"))


if __name__ == "__main__":
    unittest.main()
