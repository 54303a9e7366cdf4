"""gitlab-ci-local with what it lacks of a runner: jobs that a (fake) GitLab knows, with an ID token for each of their `id_tokens` and a
CI_JOB_TOKEN. gitlab-ci-local does the rest: includes, components and their inputs, rules, matrices, child pipelines, scripts."""

import http.server
import os
import re
import shlex
import shutil
import subprocess
import tempfile
import threading

import yaml

from parts import NODE, PARTS
from support.gate import BINARY, SLOW
from support.issuer import Quiet

GITLAB_CI_LOCAL = os.path.join(PARTS, "node_modules/gitlab-ci-local/dist/index.js")
# Read by the shell of every job before its script: it says what it was given, and gets what a runner would add.
HOOK = """if [ -n "$CI_JOB_ID" ]; then
  unset BASH_ENV
  eval "$(env -0 | curl -sS --data-binary @- {url})"
fi
"""


class Loader(yaml.SafeLoader):
    """GitLab's YAML."""


Loader.add_constructor("!reference", lambda loader, node: loader.construct_sequence(node))


class Runner:
    """Runs pipelines of one GitLab. `began`: its jobs, in the order in which they began."""

    def __init__(self, case, gitlab):
        self.gitlab, self.began = gitlab, []
        self.pipeline, self.children, self.known = None, {}, {}
        self.isolation = ["--shell-isolation"]  # a folder for each job; it is no git repository
        self.bin = tempfile.mkdtemp(prefix="ww-runner-")
        case.addClassCleanup(shutil.rmtree, self.bin, ignore_errors=True)
        os.symlink(BINARY, os.path.join(self.bin, "watchword"))
        os.symlink(os.path.realpath(NODE), os.path.join(self.bin, "node"))
        runner = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                text = self.rfile.read(int(self.headers["content-length"])).decode(errors="replace")
                variables = dict(entry.partition("=")[::2] for entry in text.split("\0") if entry)
                answer = runner.begin(variables).encode()
                self.send_response(200)
                self.send_header("content-length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_):
                pass

        self._server = Quiet(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        case.addClassCleanup(self._server.server_close)
        case.addClassCleanup(self._server.shutdown)

    def command(self, project, *arguments, environment=None):
        own = {"PATH": self.bin + ":/usr/local/bin:/usr/bin:/bin", "HOME": self.bin, "FORCE_COLOR": "0"}
        command = [NODE, GITLAB_CI_LOCAL, "--force-shell-executor", *self.isolation, *arguments]
        return subprocess.run(command, cwd=project.folder, capture_output=True, text=True, timeout=120 * SLOW, env=own | (environment or {}))

    def configuration(self, project, file=".gitlab-ci.yml"):
        """The jobs of a file as GitLab would see them: included, extended, referenced. Of child pipelines' files too."""
        shown = self.command(project, "--file", file, "--preview")
        if shown.returncode != 0:
            raise AssertionError(f"{file} is not valid:\n{shown.stdout}{shown.stderr}")
        jobs = {name: job for name, job in yaml.load(shown.stdout, Loader).items() if isinstance(job, dict) and name != "variables"}
        for job in list(jobs.values()):
            for child in job.get("trigger", {}).get("include", []):
                jobs |= self.configuration(project, child["local"])
        return jobs

    def run(self, project, *jobs, pipeline=None, variables=None):
        """A pipeline from its beginning to its end, or only some of its jobs; `variables` as GitLab would predefine them."""
        self.pipeline = pipeline or self.gitlab.run_pipeline(42, ref=project.branch, sha=project.sha)
        self.children = {}
        self.known = self.configuration(project)
        given = {"CI_PIPELINE_SOURCE": self.pipeline.source, "CI_COMMIT_REF_NAME": self.pipeline.ref} | (variables or {})
        if self.pipeline.source == "merge_request_event":
            given |= {"CI_COMMIT_BRANCH": "", "CI_MERGE_REQUEST_IID": "7", "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME": self.pipeline.ref}
        set_them = [part for name, value in given.items() for part in ("--variable", f"{name}={value}")]
        set_them += ["--ignore-predefined-vars", ",".join(given)]
        first = len(self.began)
        with tempfile.NamedTemporaryFile("w", dir=self.bin, suffix=".sh") as hook:
            hook.write(HOOK.format(url=f"http://127.0.0.1:{self._server.server_port}/"))
            hook.flush()
            done = self.command(project, "--no-json-schema-validation", *set_them, *jobs, environment={"BASH_ENV": hook.name})
        for job in self.began[first:]:
            self.gitlab.finish(job.pipeline.project, job.id, "success" if done.returncode == 0 else "failed")
        return Done(done.returncode, re.sub(r"\x1b\[[0-9;]*[mK]", "", done.stdout + done.stderr), self.began[first:])

    def begin(self, variables):
        """What the job of these variables gets beside them, as shell."""
        name, id = variables["CI_JOB_NAME"], int(variables["CI_JOB_ID"])
        job = next((job for job in self.began if job.id == id), None)
        if job is None:
            job = self.gitlab.begin_job(self.pipeline_of(variables), id, name, variables.get("CI_ENVIRONMENT_NAME", ""))
            self.began.append(job)
        known = self.known[name.split(": [")[0]]
        tokens = {variable: self.gitlab.id_token(job, expanded(wanted["aud"], variables)) for variable, wanted in known.get("id_tokens", {}).items()}
        given = {"CI_JOB_TOKEN": job.token, "GITLAB_CI": "true", "CI_PIPELINE_ID": str(job.pipeline.id)} | tokens
        return "".join(f"export {variable}={shlex.quote(value)}\n" for variable, value in given.items())

    def pipeline_of(self, variables):
        if variables["CI_PIPELINE_SOURCE"] != "parent_pipeline":
            return self.pipeline
        trigger, parent = variables["GCL_TRIGGERER"], self.pipeline
        if trigger not in self.children:
            self.children[trigger] = self.gitlab.run_pipeline(parent.project, parent.ref, parent.sha, "parent_pipeline")
        return self.children[trigger]


def expanded(text, variables):
    """GitLab expands variables in `aud`."""
    return re.sub(r"\$\{?(\w+)\}?", lambda found: variables.get(found[1], ""), text)


class Done:
    def __init__(self, code, log, jobs):
        self.code, self.log, self.jobs = code, log, jobs

    def of(self, name):
        """The lines of one job."""
        return "\n".join(line for line in self.log.splitlines() if line.strip().startswith(name))
