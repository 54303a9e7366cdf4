"""The pipelines of examples/gitlab, run by gitlab-ci-local with the real client and a real gate: what the jobs' logs show, and what the audit
log says."""

import hashlib
import os
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from gitlab_case import ExampleCase  # noqa: E402
from gitlab_registry import Registry  # noqa: E402
from support.authority import Authority  # noqa: E402
from support.gate import BINARY  # noqa: E402
from support.net import eventually  # noqa: E402
from support.upstream import Upstream  # noqa: E402

BRANCH = "feature/x"
COMPONENT = "component: $CI_SERVER_FQDN/acme/watchword/access@1.0.0"


class DeployApi(ExampleCase):
    example = "deploy-api"

    def test_main_deploys_and_no_credential_is_shown(self):
        project = self.project()
        done = self.runner.run(project)
        self.assertEqual(done.code, 0, done.log)
        seen = self.upstream.last()
        self.assertEqual((seen.method, seen.path, seen.body.decode()), ("POST", "/v1/releases", f'{{"commit": "{project.sha}"}}'))
        self.assert_allowed(done.jobs[0], "billing-api/write", "deploy-billing")
        self.assert_no_secret_in(done)

    def test_the_script_has_neither_token_nor_a_way_past_the_gate(self):
        project = self.project()
        project.edit("deploy.sh", {"set -eu": 'set -eu; echo "id=${WATCHWORD_ID_TOKEN:-none}"; env | cut -d= -f1 | sort | tr "\\n" " "'})
        done = self.runner.run(project)
        self.assertEqual(done.code, 0, done.log)
        self.assertIn("id=none", done.log)
        self.assertNotIn("WATCHWORD_ID_TOKEN ", done.log.split("id=none")[1])
        self.assertIsNone(self.upstream.last().header("authorization"))
        self.assert_no_secret_in(done)

    def test_the_session_is_over_with_the_job(self):
        done = self.runner.run(self.project())
        ended = self.records(done.jobs[0], "session_ended")[0]
        self.assertEqual(ended["session"], self.session_of(done.jobs[0]))

    def test_a_branch_has_no_such_job(self):
        done = self.runner.run(self.project(branch=BRANCH))
        self.assertEqual((done.jobs, self.upstream.seen), ([], []), done.log)


class Templates(ExampleCase):
    """What .gitlab-ci.yml may do with the templates."""

    example = "deploy-api"

    def test_a_before_script_of_one_s_own_begins_with_the_template_s(self):
        project = self.project()
        own = "  before_script:\n    - !reference [.watchword, before_script]\n    - export FROM_BEFORE=yes\n"
        project.edit(".gitlab-ci.yml", {"  script:\n": own + "  script:\n    - echo \"before $FROM_BEFORE\"\n"})
        project.commit()
        done = self.runner.run(project)
        self.assertEqual(done.code, 0, done.log)
        self.assertIn("before yes", done.log)
        self.assert_allowed(done.jobs[0], "billing-api/write", "deploy-billing")

    def test_the_plain_include_does_the_same(self):
        project = self.project()
        project.edit(".gitlab-ci.yml", {COMPONENT: "project: acme/watchword\n    ref: 1.0.0\n    file: /access.gitlab-ci.yml",
                                        "    inputs: { gate:": "variables: { WATCHWORD_URL:"})
        project.commit()
        done = self.runner.run(project)
        self.assertEqual(done.code, 0, done.log)
        self.assert_allowed(done.jobs[0], "billing-api/write", "deploy-billing")

    def test_the_resources_of_the_template_are_there_for_exec(self):
        project = self.project()
        project.edit(".gitlab-ci.yml", {"inputs: {": "inputs: { resources: billing-api/write,", "exec billing-api/write": "exec $WATCHWORD_RESOURCES"})
        project.commit()
        done = self.runner.run(project)
        self.assertEqual(done.code, 0, done.log)
        self.assert_allowed(done.jobs[0], "billing-api/write", "deploy-billing")

    def test_a_variable_of_the_pipeline_does_not_send_the_id_token_elsewhere(self):
        attacker = Upstream()
        self.addCleanup(attacker.stop)
        done = self.runner.run(self.project(), variables={"WATCHWORD_URL": attacker.url})
        self.assertNotEqual(done.code, 0, done.log)
        self.assertEqual((attacker.seen, self.upstream.seen), ([], []))
        self.assertIn("audience_mismatch", done.log)

    def test_a_client_that_the_image_has_not_is_fetched(self):
        own = os.path.join(self.runner.bin, "watchword")
        os.unlink(own)
        self.addCleanup(os.symlink, BINARY, own)
        with open(BINARY, "rb") as file:
            client = file.read()
        authority = Authority(self.gate.folder, "registry-ca")
        url, digest = Registry(type(self), client, authority.issue("registry")).url, hashlib.sha256(client).hexdigest()
        for sha256, code in ((digest, 0), ("0" * 64, 1)):
            project = self.project()
            project.edit(".gitlab-ci.yml", {"inputs: {": f'inputs: {{ client: "{url}", sha256: "{sha256}",'})
            project.commit()
            done = self.runner.run(project, variables={"CURL_CA_BUNDLE": authority.certificate})
            self.assertEqual(done.code, code, done.log)
        self.assertEqual(len(self.upstream.seen), 1)
        self.assertIn(f"has not the SHA-256 {'0' * 64}", done.log)

    def test_the_doctor_finds_the_job_well(self):
        project = self.project()
        project.edit(".gitlab-ci.yml", {"exec billing-api/write -- ./deploy.sh": "doctor"})
        project.commit()
        done = self.runner.run(project)
        self.assertEqual(done.code, 0, done.log)
        self.assertIn("ID token, audience", done.log)

    def test_an_input_that_is_no_url_is_refused(self):
        project = self.project()
        project.edit(".gitlab-ci.yml", {self.gate.url: "https://gate.example.com'; id; '"})
        project.commit()
        with self.assertRaisesRegex(AssertionError, "does not match required regex"):
            self.runner.run(project)


class JobToken(ExampleCase):
    """No webhook arrives; the job offers its CI_JOB_TOKEN, with which the gate asks GitLab (GET /api/v4/job) whether it still runs."""

    example = "deploy-api"

    @classmethod
    def config(cls):
        return {"context": {"reconcile_every": "5s"}}

    def cancel_once_it_works(self):
        eventually(lambda: self.upstream.seen, "the job works", 60)
        self.gitlab.lose_hooks = True
        self.gitlab.cancel(42, self.runner.began[-1].id)

    def test_a_cancelled_job_loses_its_access(self):
        project = self.project()
        project.edit(".gitlab-ci.yml", {"exec billing-api/write": "exec billing-api/write --job-token-env CI_JOB_TOKEN"})
        project.edit("deploy.sh", {"curl -fsS": "while curl -fsS", '\\"}"\n': '\\"}"; do sleep 0.2; done\n'})
        project.commit()
        canceller = threading.Thread(target=self.cancel_once_it_works)
        canceller.start()
        done = self.runner.run(project)
        canceller.join()
        self.assertIn("session_ended", done.log)
        self.assertIn("GET /api/v4/job", self.gitlab.requests)
        self.assertEqual(self.records(done.jobs[0], "session_ended")[0]["session"], self.session_of(done.jobs[0]))
        self.assert_no_secret_in(done)


class PrivateAuthority(ExampleCase):
    """A gate with a certificate of a company's own CA, and CI/CD variables of type File, as GitLab hands them to jobs."""

    example = "deploy-api"

    @classmethod
    def config(cls):
        cls.authority, cls.other = (Authority(cls.gate.folder, name) for name in ("ca", "other-ca"))
        certificate, key = cls.authority.issue("gate")
        cls.gate.url, cls.gate.tls = f"https://localhost:{cls.gate.api}", cls.authority.certificate
        return {"url": cls.gate.url, "tls": {"certificate": certificate, "key": key}}

    def test_the_gate_is_trusted_by_the_file_that_the_variable_names(self):
        done = self.runner.run(self.project(), variables={"WATCHWORD_CA": self.authority.certificate})
        self.assertEqual(done.code, 0, done.log)
        self.assert_allowed(done.jobs[0], "billing-api/write", "deploy-billing")

    def test_no_token_is_sent_to_a_gate_of_another_authority(self):
        done = self.runner.run(self.project(), variables={"WATCHWORD_CA": self.other.certificate})
        self.assertNotEqual(done.code, 0, done.log)
        self.assertIn("gate_untrusted", done.log)
        self.assertEqual(self.upstream.seen, [])


class Environments(ExampleCase):
    example = "environments"

    def test_main_deploys_to_both(self):
        done = self.runner.run(self.project())
        self.assertEqual(done.code, 0, done.log)
        jobs = {job.name: job for job in done.jobs}
        self.assert_allowed(jobs["staging"], "staging-api/write", "deploy-staging")
        self.assert_allowed(jobs["production"], "production-api/write", "deploy-production")

    def test_a_branch_deploys_to_staging(self):
        done = self.runner.run(self.project(branch=BRANCH), "staging")
        self.assertEqual(done.code, 0, done.log)
        self.assert_allowed(done.jobs[0], "staging-api/write", "deploy-staging")

    def test_a_branch_that_says_production_is_refused(self):
        done = self.runner.run(self.project(branch=BRANCH), "production")
        self.assertNotEqual(done.code, 0)
        self.assert_refused(done.log, done.jobs[0], "exchange", "no_binding")
        self.assert_nothing_reached_the_backend()


class MergeRequest(ExampleCase):
    example = "merge-request"

    def test_it_reads_and_does_not_write(self):
        project = self.project(branch=BRANCH)
        done = self.runner.run(project, pipeline=self.gitlab.run_pipeline(42, BRANCH, project.sha, "merge_request_event"))
        self.assertEqual([seen.method for seen in self.upstream.seen], ["GET"], done.log)
        self.assert_allowed(done.jobs[0], "billing-api/read", "test-merge-request")
        self.assert_refused(done.log, done.jobs[0], "request", "not_permitted")

    def test_its_own_pipeline_file_gives_it_no_more(self):
        project = self.project(branch=BRANCH)
        project.edit(".gitlab-ci.yml", {"  script:": "  environment: production\n  script:", "exec billing-api ": "exec billing-api/write "})
        project.commit()
        done = self.runner.run(project, pipeline=self.gitlab.run_pipeline(42, BRANCH, project.sha, "merge_request_event"))
        self.assertNotEqual(done.code, 0, done.log)
        self.assert_nothing_reached_the_backend()


class Fork(ExampleCase):
    example = "fork"

    def of_fork(self, runs_in):
        project = self.project(branch=BRANCH, path="mallory/billing")
        pipeline = self.gitlab.run_pipeline(runs_in, BRANCH, project.sha, "merge_request_event", of=666)
        done = self.runner.run(project, pipeline=pipeline)
        self.assertNotEqual(done.code, 0, done.log)
        self.assert_nothing_reached_the_backend()
        return done

    def test_run_in_the_fork_it_gets_nothing(self):
        done = self.of_fork(runs_in=666)
        self.assert_refused(done.log, done.jobs[0], "exchange", "no_binding")

    def test_run_in_the_project_it_gets_nothing(self):
        done = self.of_fork(runs_in=42)
        self.assert_refused(done.log, done.jobs[0], "exchange", "fork_not_admitted")

    def test_the_project_s_own_merge_request_reads(self):
        project = self.project(branch=BRANCH)
        done = self.runner.run(project, pipeline=self.gitlab.run_pipeline(42, BRANCH, project.sha, "merge_request_event"))
        self.assertEqual(done.code, 0, done.log)
        self.assert_allowed(done.jobs[0], "billing-api/read", "test-merge-request")


class Schedule(ExampleCase):
    example = "schedule"

    def test_the_schedule_reads(self):
        project = self.project()
        done = self.runner.run(project, pipeline=self.gitlab.run_pipeline(42, "main", project.sha, "schedule"))
        self.assertEqual(done.code, 0, done.log)
        self.assert_allowed(done.jobs[0], "ledger-api/read", "nightly-report")

    def test_the_same_job_of_a_push_is_refused(self):
        done = self.runner.run(self.project())
        self.assertNotEqual(done.code, 0, done.log)
        self.assert_refused(done.log, done.jobs[0], "exchange", "no_binding")
        self.assert_nothing_reached_the_backend()


class Monorepo(ExampleCase):
    example = "monorepo"

    @classmethod
    def add_projects(cls):
        cls.gitlab.add_project(42, "acme/services")

    def test_each_child_pipeline_has_its_service_s_rights(self):
        project = self.project(path="acme/services")
        done = self.runner.run(project)
        self.assertEqual(done.code, 0, done.log)
        jobs = {job.name: job for job in done.jobs}
        self.assertEqual({job.pipeline.source for job in done.jobs}, {"parent_pipeline"})
        self.assertEqual(len({job.pipeline.id for job in done.jobs} | {self.runner.pipeline.id}), 3, "two children and their parent")
        for service in ("billing", "orders"):
            self.assert_allowed(jobs[f"deploy-{service}"], f"{service}-api/write", f"deploy-{service}")

    def test_a_child_does_not_reach_its_sibling(self):
        project = self.project(path="acme/services")
        project.edit("billing/.gitlab-ci.yml", {"exec billing-api/write": "exec orders-api/write"})
        project.commit()
        done = self.runner.run(project)
        refused = next(job for job in done.jobs if job.name == "deploy-billing")
        self.assertEqual({record["decision"] for record in self.records(refused, "exchange")}, {"deny"})
        self.assertEqual(len(self.upstream.seen), 1, "of the sibling itself")


class Matrix(ExampleCase):
    example = "matrix"

    def test_each_job_has_its_region_s_rights_and_session(self):
        done = self.runner.run(self.project())
        jobs = {job.environment.removeprefix("production/"): job for job in done.jobs}
        self.assertEqual(set(jobs), {"eu", "us", "ap"}, done.log)
        for region in ("eu", "us"):
            self.assert_allowed(jobs[region], f"billing-{region}/write", f"deploy-{region}")
        sessions = {self.session_of(jobs[region]) for region in ("eu", "us")}
        self.assertEqual(len(sessions), 2)
        self.assert_refused(done.of(jobs["ap"].name), jobs["ap"], "exchange", "no_binding")


class Retry(ExampleCase):
    example = "retry"

    def test_a_retried_job_is_a_new_job_with_a_session_of_its_own(self):
        project = self.project()
        pipeline = self.gitlab.run_pipeline(42, "main", project.sha)
        first = self.runner.run(project, "migrate", pipeline=pipeline)
        again = self.runner.run(project, "migrate", pipeline=pipeline)
        self.assertEqual((first.code, again.code), (0, 0), first.log + again.log)
        (one,), (other,) = first.jobs, again.jobs
        self.assertNotEqual(one.id, other.id)
        sessions = [self.session_of(job) for job in (one, other)]
        self.assertNotEqual(*sessions)
        self.assert_allowed(one, "billing-api/write", "migrate-billing")
        self.assert_allowed(other, "billing-api/write", "migrate-billing")

    def test_the_first_job_s_token_opens_nothing_any_more(self):
        done = self.runner.run(self.project())
        self.assertEqual(done.code, 0, done.log)
        reply = self.gate.exchange(self.gitlab.minted[-1])
        self.assertEqual((reply.status, reply.reason), (400, "job_finished"))


class PolicyRepository(ExampleCase):
    """The policy's own project: what its pipeline lets pass."""

    example = "policy-repository"

    def test_a_good_policy_passes(self):
        done = self.runner.run(self.project(path="acme/policy"), "check", "test")
        self.assertEqual(done.code, 0, done.log)
        self.assertIn("9 passed, 0 failed", done.log)

    def test_reviewers_are_told_what_a_merge_request_grants(self):
        self.runner.isolation = []  # the job needs the repository
        self.addCleanup(setattr, self.runner, "isolation", ["--shell-isolation"])
        project = self.project(path="acme/policy")
        project.publish()
        project.git("checkout", "-q", "-b", BRANCH)
        project.edit("policy/billing.yaml", {"      - billing-api/read\n\n": "      - billing-api/read\n      - billing-api/write\n\n"})
        project.commit()
        done = self.runner.run(project, "difference", pipeline=self.gitlab.run_pipeline(42, BRANCH, project.sha, "merge_request_event"),
                               variables={"CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main"})
        self.assertEqual(done.code, 0, done.log)
        with open(os.path.join(project.folder, "difference.md")) as file:
            report = file.read()
        for word in ("billing-api/write", "read-billing", "acme/billing"):
            self.assertIn(word, report)

    def test_a_mistake_stops_the_merge_request_with_its_line(self):
        project = self.project(branch=BRANCH, path="acme/policy")
        project.edit("policy/billing.yaml", {"billing-api/write\n        when": "billing-api/wirte\n        when"})
        project.commit()
        done = self.runner.run(project, "check", "test", pipeline=self.gitlab.run_pipeline(42, BRANCH, project.sha, "merge_request_event"))
        self.assertNotEqual(done.code, 0, done.log)
        self.assertRegex(done.log, r"policy/billing\.yaml:\d+:\d+: policy_invalid")
        self.assertIn("did you mean 'write'?", done.log)

    def test_a_policy_that_grants_more_stops_at_its_tests(self):
        project = self.project(branch=BRANCH, path="acme/policy")
        project.edit("policy/billing.yaml", {"      - billing-api/read\n\n": "      - billing-api/read\n      - billing-api/write\n\n"})
        project.commit()
        done = self.runner.run(project, "check", "test", pipeline=self.gitlab.run_pipeline(42, BRANCH, project.sha, "merge_request_event"))
        self.assertNotEqual(done.code, 0, done.log)
        self.assertIn("a branch may read only", done.log)
