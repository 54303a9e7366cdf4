"""A fake GitLab that also runs pipelines and mints their ID tokens: fake_gitlab_api.py with an OIDC issuer. Written from GitLab's documents
(doc/ci/secrets/id_token_authentication.md "Token payload", doc/ci/pipelines/merge_request_pipelines.md, doc/api/jobs.md) and the claims of
lib/gitlab/ci/jwt*.rb; faithful in discovery, key set, claims and their types; not GitLab itself.

    gitlab = FakeGitlabCi()
    gitlab.add_project(42, "acme/billing")
    pipeline = gitlab.run_pipeline(42, ref="main")
    job = gitlab.begin_job(pipeline, 4711, "deploy", environment="production")
    gitlab.id_token(job, audience)
    gitlab.finish(42, 4711)
"""

import dataclasses
import itertools
import re
import time
import uuid

from fake_gitlab_api import FakeGitlab
from support.keys import RsaKey

HOST = "gitlab.example.com"
JOB_TIMEOUT = 3600  # seconds; an ID token lives as long
# Named in the documents of environments ("Deployment tier"); the first that fits.
TIERS = (("production", r"\b(?:production|prod|live)\b"), ("staging", r"\b(?:staging|model|pre|demo|non-?prod)\b"),
         ("testing", r"\b(?:test|testing|qa|qc)\b"), ("development", r"\b(?:dev|development|review|trunk)\b"))


@dataclasses.dataclass
class Pipeline:
    id: int
    project: int  # where it runs
    ref: str
    sha: str
    source: str
    of: int  # the project whose code it runs: of a merge request, its source project


@dataclasses.dataclass
class Job:
    id: int
    name: str
    pipeline: Pipeline
    token: str  # CI_JOB_TOKEN
    environment: str = ""


def tier_of(environment):
    return next((tier for tier, pattern in TIERS if re.search(pattern, environment)), "other")


class FakeGitlabCi(FakeGitlab):
    def __init__(self, port=0):
        super().__init__(port)
        self.key, other = RsaKey("ci-id-tokens"), RsaKey("oidc")  # GitLab publishes both
        keys = [key.jwk() for key in (other, self.key)]
        self.public["/.well-known/openid-configuration"] = lambda: {
            "issuer": self.url, "jwks_uri": self.url + "/oauth/discovery/keys", "id_token_signing_alg_values_supported": ["RS256"],
            "response_types_supported": ["code"], "subject_types_supported": ["public"]}
        self.public["/oauth/discovery/keys"] = lambda: {"keys": keys}
        self._pipelines = itertools.count(1280)
        self.minted = []  # every ID token

    def run_pipeline(self, project, ref="main", sha="9f3c2d1e4b5a69788796a5b4c3d2e1f009182736", source="push", of=None):
        """`of`: the fork, where a member of `project` runs the pipeline of a fork's merge request in it."""
        return Pipeline(next(self._pipelines), project, ref, sha, source, of or project)

    def begin_job(self, pipeline, id, name, environment=""):
        job = Job(id, name, pipeline, f"glcbt-64_{uuid.uuid4().hex}", environment)
        self.job_tokens[job.token] = (pipeline.project, id)
        self.start_job(pipeline.project, id, pipeline.id, ref=pipeline.ref, sha=pipeline.sha, name=name)
        self.projects[pipeline.project].pipelines[pipeline.id]["source"] = pipeline.source
        return job

    def is_protected_ref(self, pipeline):
        """Those of merge requests are not, whatever their branch is called."""
        return pipeline.source != "merge_request_event" and self.projects[pipeline.project].is_protected(pipeline.ref)

    def claims(self, job, audience):
        pipeline, now = job.pipeline, int(time.time())
        of, runs_in = self.projects[pipeline.of], self.projects[pipeline.project]
        claims = {
            "iss": self.url, "aud": audience, "iat": now, "nbf": now - 5, "exp": now + JOB_TIMEOUT, "jti": str(uuid.uuid4()),
            "sub": f"project_path:{of.path}:ref_type:branch:ref:{pipeline.ref}",
            **self._project_claims("", of), **self._project_claims("job_", runs_in),
            "user_id": "1001", "user_login": "jane", "user_email": "jane@example.com", "user_access_level": "maintainer",
            "pipeline_id": str(pipeline.id), "pipeline_source": pipeline.source, "job_id": str(job.id),
            "ref": pipeline.ref, "ref_type": "branch", "ref_path": f"refs/heads/{pipeline.ref}",
            "ref_protected": "true" if self.is_protected_ref(pipeline) else "false",
            "runner_id": 12, "runner_environment": "self-hosted", "sha": pipeline.sha,
            "ci_config_ref_uri": f"{HOST}/{of.path}//.gitlab-ci.yml@refs/heads/{pipeline.ref}", "ci_config_sha": pipeline.sha,
            "project_visibility": "private"}
        if job.environment:
            # Protected environments are a feature of Premium: "false" without it.
            claims |= {"environment": job.environment, "environment_protected": "false", "deployment_tier": tier_of(job.environment),
                       "environment_action": "start"}
        return claims

    @staticmethod
    def _project_claims(prefix, of):
        namespace = of.path.rsplit("/", 1)[0]
        return {f"{prefix}project_id": str(of.id), f"{prefix}project_path": of.path,
                f"{prefix}namespace_id": str(sum(namespace.encode())), f"{prefix}namespace_path": namespace}

    def id_token(self, job, audience):
        token = self.key.jwt(self.claims(job, audience))
        self.minted.append(token)
        return token
