"""GitHub Actions by the generic profile: the issuer, policy and page of examples/github and docs/github.md, with tokens of GitHub's shape
(docs.github.com/actions/reference/security/oidc)."""

import itertools
import os
import re
import time

from support.case import GateCase
from support.gate import run

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SHA = "9f3c2d1e4b5a69788796a5b4c3d2e1f009182736"
_ids = itertools.count(5000)


def read(file):
    with open(os.path.join(ROOT, file)) as text:
        return text.read()


class Github(GateCase):
    @classmethod
    def policy(cls):
        text = read("examples/github/policy/billing.yaml")
        return text.replace("https://billing.internal", cls.upstream.url).replace("billing.gate.example.com", "billing.localhost")

    @classmethod
    def issuers(cls):
        """As the example has it."""
        mapping = re.search(r"^    machine:\n((?:      .*\n)+)", read("examples/github/watchword.yaml"), re.M)[1]
        machine = dict(re.findall(r"^ +(\w+): (\w+)$", mapping, re.M))
        return {"github": {"profile": "generic", "url": cls.issuer.url, "audience": cls.gate.url, "allow_loopback_http": True, "machine": machine}}

    def token(self, life=300, without=(), **changes):
        """Of a job of its own, unless check_run_id is given."""
        now = int(time.time())
        claims = {
            "iss": self.issuer.url, "aud": self.gate.url, "iat": now, "nbf": now - 600, "exp": now + life, "jti": f"jti-{next(_ids)}",
            "sub": "repo:acme@9919/billing@1296269:environment:production", "repository": "acme/billing", "repository_id": "1296269",
            "repository_owner": "acme", "repository_owner_id": "9919", "repository_visibility": "private", "ref": "refs/heads/main",
            "ref_type": "branch", "ref_protected": "true", "base_ref": "", "head_ref": "", "environment": "production", "event_name": "push",
            "actor": "jane", "actor_id": "1001", "workflow": "deploy", "sha": SHA, "workflow_sha": SHA, "job_workflow_sha": SHA,
            "workflow_ref": "acme/billing/.github/workflows/deploy.yml@refs/heads/main",
            "job_workflow_ref": "acme/billing/.github/workflows/deploy.yml@refs/heads/main",
            "run_id": "30433642", "run_number": "17", "run_attempt": "1", "check_run_id": str(next(_ids)), "runner_environment": "github-hosted",
        } | changes
        return self.issuer.key.jwt({name: value for name, value in claims.items() if name not in without})

    def ask(self, method, path, token, **more):
        return self.gate.request(method, path, token, host="billing.localhost", **more)

    def exec(self, token):
        """As the workflow's step does."""
        command = 'curl -fsS "$BILLING_API_URL/v1/releases" -d x'
        return run("exec", "billing-api/write", "--", "sh", "-c", command, environment={"WATCHWORD_URL": self.gate.url, "WATCHWORD_ID_TOKEN": token})

    def refusal(self, **changes):
        reply = self.gate.exchange(self.token(**changes))
        self.assertNotEqual(reply.status, 200, reply)
        return reply.reason

    def test_a_job_on_main_deploys_and_is_on_record(self):
        reply = self.gate.exchange(self.token(check_run_id="4711"))
        self.assertEqual(reply.status, 200, reply)
        written = self.ask("POST", "/v1/releases", reply.json["access_token"], body=b"{}")
        self.assertEqual(written.status, 200, written)
        who = self.gate.entry(reply.json["record"])["who"]
        expected = {"issuer": "github", "kind": "job", "job": "4711", "project": "acme/billing", "project_id": "1296269", "pipeline": "30433642",
                    "ref": "refs/heads/main", "sha": SHA, "environment": "production", "user": "jane"}
        self.assertEqual({key: who.get(key) for key in expected}, expected)

    def test_the_step_of_the_workflow_deploys(self):
        done = self.exec(self.token())
        self.assertEqual((done.returncode, done.stdout), (0, "ok"), done.stderr)

    def test_a_second_id_token_of_a_job_is_refused_as_the_page_says(self):
        first, again = (self.exec(self.token(check_run_id="4712")) for _ in range(2))
        self.assertEqual((first.returncode, again.returncode), (0, 124), again.stderr)
        self.assertIn("dpop_key_mismatch", again.stderr)

    def test_jobs_of_one_run_have_sessions_of_their_own(self):
        sessions = {self.gate.exchange(self.token()).json["session"] for _ in range(2)}
        self.assertEqual(len(sessions), 2)

    def test_a_pull_request_reads_and_does_not_write(self):
        pull = {"event_name": "pull_request", "ref": "refs/pull/7/merge", "head_ref": "feature/x", "base_ref": "main"}
        token = self.gate.exchange(self.token(**pull, without=("environment",))).json["access_token"]
        self.assertEqual(self.ask("GET", "/v1/invoices", token).status, 200)
        self.assert_refused(self.ask("POST", "/v1/invoices", token, body=b"x"), 403, "not_permitted")

    def test_others_are_refused_for_their_reasons(self):
        self.assertEqual(self.refusal(ref="refs/heads/feature/x"), "no_binding")
        self.assertEqual(self.refusal(repository_id="99"), "no_binding")
        self.assertEqual(self.refusal(environment="production-eu"), "no_binding")
        self.assertEqual(self.refusal(without=("check_run_id",)), "claim_missing")
        self.assertEqual(self.refusal(aud="https://github.com/acme"), "audience_mismatch")
        self.assertEqual(self.refusal(life=-120), "token_expired")

    def test_the_page_and_the_example_say_the_same_and_are_valid(self):
        issuer, role = re.findall(r"^```yaml\n(.*?)^```", read("docs/github.md"), re.M | re.S)
        self.assertTrue(read("examples/github/watchword.yaml").endswith(issuer))
        self.assertIn(role.removeprefix("roles:\n"), read("examples/github/policy/billing.yaml"))
        (script,) = re.findall(r"^```sh\n(.*?)^```", read("docs/github.md"), re.M | re.S)
        workflow = re.sub(r"^ +", "", read("examples/github/.github/workflows/deploy.yml"), flags=re.M)
        self.assertIn(re.sub(r"^ +", "", script, flags=re.M), workflow)
        tested = run("policy", "test", os.path.join(ROOT, "examples/github/policy"))
        self.assertEqual(tested.returncode, 0, tested.stdout + tested.stderr)
