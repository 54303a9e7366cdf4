"""The base of tests that run an example of examples/gitlab: a GitLab, a runner, a backend, and a gate with the example's policy."""

import json
import os
import re
import unittest

from gitlab_project import ROOT, Project
from gitlab_runner import Runner
from support.gate import Gate, run
from support.net import eventually
from support.upstream import Upstream

from fake_gitlab_ci import FakeGitlabCi
from fake_gitlab_hooks import hook_secret

SECRET = "a-webhook-token-of-acme"


class ExampleCase(unittest.TestCase):
    """`example`: a folder of examples/gitlab."""

    maxDiff = None
    example = None

    @classmethod
    def setUpClass(cls):
        cls.gitlab = FakeGitlabCi()
        cls.addClassCleanup(cls.gitlab.stop)
        cls.upstream = Upstream()
        cls.addClassCleanup(cls.upstream.stop)
        cls.gate = Gate(cls.__module__ + "." + cls.__name__)
        cls.addClassCleanup(cls.gate.remove)
        cls.runner = Runner(cls, cls.gitlab)
        cls.add_projects()
        cls.lay_out_policy()
        os.environ["WATCHWORD_TEST_HOOK"] = SECRET
        more = cls.config()
        cls.gate.configure({"gitlab": {"profile": "gitlab", "url": cls.gitlab.url, "audience": cls.gate.url, "allow_loopback_http": True,
                                       "webhook_secret": "env:WATCHWORD_TEST_HOOK"}}, **more)
        cls.gate.start()

    @classmethod
    def config(cls):
        """More of watchword.yaml."""
        return {}

    @classmethod
    def add_projects(cls):
        for id, path in ((42, "acme/billing"), (666, "mallory/billing")):
            cls.gitlab.add_project(id, path)
            cls.gitlab.add_hook(f"{cls.gate.url}/hooks/gitlab/projects/{id}", project=id, token=hook_secret(SECRET, f"projects/{id}"))

    @classmethod
    def lay_out_policy(cls):
        """The example's, with our backend in the place of every internal one, and a prefix for a host name that leads nowhere here."""
        folder = os.path.join(ROOT, "examples/gitlab", cls.example, "policy")
        for name in os.listdir(folder):
            if name.endswith(".test.yaml"):
                continue
            with open(os.path.join(folder, name)) as file:
                text = file.read()
            text = re.sub(r'"?https://[a-z.]+\.internal"?', f'"{cls.upstream.url}"', text)
            text = re.sub(r"host: ([a-z-]+)\.gate\.example\.com", r"prefix: /\1", text)
            cls.gate.write(cls.gate.path("policy/" + name), text)

    def setUp(self):
        self.upstream.seen.clear()

    def project(self, **options):
        return Project(self, os.path.join(ROOT, "examples/gitlab", self.example), {"https://gate.example.com": self.gate.url}, **options)

    def records(self, job, event):
        """What `audit search` finds of a job, once there is something."""
        search = ("audit", "search", self.gate.log_directory, "--where", f"event={event}", "--where", f"who.job={job.id}", "--json")
        return eventually(lambda: [json.loads(line) for line in run(*search).stdout.splitlines()], f"entries {event} of job {job.id}")

    def allowed(self, job, event):
        return eventually(lambda: [entry for entry in self.records(job, event) if entry["decision"] == "allow"], f"job {job.id} is allowed")[0]

    def session_of(self, job):
        return self.allowed(job, "exchange")["session"]

    def assert_allowed(self, job, permission, role):
        entry = self.allowed(job, "request")
        self.assertEqual((f"{entry['resource']}/{entry['action']}", entry["role"]), (permission, role), entry)

    def assert_refused(self, log, job, event, reason):
        """The job's log says why, and the record that it names says the same."""
        refused = lambda: [e for e in self.records(job, event) if e["decision"] == "deny"]
        entry = eventually(refused, f"a refusal of job {job.id}")[0]
        self.assertEqual(entry["reason"], reason, entry)
        self.assertIn(reason, log)
        self.assertIn(entry["id"], log)

    def assert_nothing_reached_the_backend(self):
        self.assertEqual(self.upstream.seen, [])

    def assert_no_secret_in(self, done):
        for token in self.gitlab.minted:
            self.assertNotIn(token.split(".")[2], done.log)
        for job in done.jobs:
            self.assertNotIn(job.token, done.log)
