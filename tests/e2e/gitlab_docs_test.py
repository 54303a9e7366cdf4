"""docs/gitlab.md: what it says to type is typed as it stands there, its policy and pipeline are run, and they are those of the example. The
pages that follow it show only what is valid."""

import os
import re
import subprocess
import sys
import tempfile
import unittest

import jsonschema_rs
import yaml

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from gitlab_case import ExampleCase  # noqa: E402
from gitlab_project import ROOT, Project  # noqa: E402
from gitlab_runner import GITLAB_CI_LOCAL, Loader  # noqa: E402
from parts import node  # noqa: E402
from support.gate import BINARY, run  # noqa: E402
from support.net import SLOW, call, eventually, free_port  # noqa: E402


def section(page, title):
    """[(language, text)] of a section's blocks; None: of the page."""
    with open(os.path.join(ROOT, "docs", page)) as file:
        text = file.read()
    if title:
        text = re.search(rf"^## {re.escape(title)}.*?(?=^## |\Z)", text, re.M | re.S)[0]
    return re.findall(r"^```(\w*)\n(.*?)^```", text, re.M | re.S)


def example(file):
    with open(os.path.join(ROOT, "examples/gitlab", file)) as text:
        return text.read()


class OnThisMachine(unittest.TestCase):
    def test_the_commands_work_and_print_what_the_page_shows(self):
        first = free_port(5)
        ours = lambda text: re.sub(r"127\.0\.0\.1:844(\d)", lambda port: f"127.0.0.1:{first + int(port[1]) - 3}", text).replace(
            "build/release", os.path.dirname(BINARY)).replace("$PWD/" + os.path.dirname(BINARY), os.path.dirname(BINARY))
        (_, build), (_, dev), *steps = section("gitlab.md", "On this machine first")
        self.assertEqual(build, "./dev build\n")
        state = self.enterContext(tempfile.TemporaryDirectory())
        with open(os.path.join(state, "log"), "w") as log:
            command = ["bash", "-euc", "exec " + ours(dev).strip() + f" --port {first} --state {state}/gate"]
            gate = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)
        self.addCleanup(gate.wait)
        self.addCleanup(gate.kill)

        def ready():
            try:
                return call(first, "GET", "/readyz").status == 200
            except OSError:
                return False

        eventually(ready, "the gate is ready", 30)
        typed = "".join(ours(text) for language, text in steps if language == "sh")
        shown = "".join(text for language, text in steps if language != "sh")
        environment = {name: value for name, value in os.environ.items() if not name.startswith("WATCHWORD")}
        done = subprocess.run(["bash", "-euc", typed], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60 * SLOW)
        self.assertEqual((done.returncode, done.stdout), (0, shown), done.stderr)


class FiveMinutes(ExampleCase):
    """Steps 1 to 3 by the page alone: its policy, its pipeline, and a script of one's own."""

    example = "deploy-api"

    def test_the_page_shows_the_example(self):
        (_, policy), (_, pipeline) = section("gitlab.md", "1. ")[0], section("gitlab.md", "3. ")[0]
        self.assertEqual(policy, example("deploy-api/policy/billing.yaml"))
        self.assertEqual(pipeline, example("deploy-api/.gitlab-ci.yml"))

    def test_the_first_protected_call_succeeds(self):
        project = self.enterContext(tempfile.TemporaryDirectory())
        with open(os.path.join(project, ".gitlab-ci.yml"), "w") as file:
            file.write(section("gitlab.md", "3. ")[0][1])
        with open(os.path.join(project, "deploy.sh"), "w") as file:
            file.write('#!/bin/sh\ncurl -fsS "$BILLING_API_URL/v1/releases" -d x\n')
        os.chmod(file.name, 0o755)
        done = self.runner.run(Project(self, project, {"https://gate.example.com": self.gate.url}))
        self.assertEqual(done.code, 0, done.log)
        self.assert_allowed(done.jobs[0], "billing-api/write", "deploy-billing")

    def test_every_input_is_in_the_table(self):
        with open(os.path.join(ROOT, "ci/templates/access.yml")) as file:
            inputs = next(yaml.load_all(file, Loader))["spec"]["inputs"]
        with open(os.path.join(ROOT, "docs/gitlab.md")) as file:
            documented = re.findall(r"^\| `(\w+)` \|", re.search(r"^## 3\..*?(?=^## 4)", file.read(), re.M | re.S)[0], re.M)
        self.assertEqual(set(documented), set(inputs))


class Pages(unittest.TestCase):
    def test_what_they_show_of_pipelines_is_valid(self):
        schema = jsonschema_rs.validator_for(node("gitlab_schema.mjs", {"bundle": GITLAB_CI_LOCAL}))
        shown = [yaml.load(text, Loader) for page in ("gitlab.md", "move-a-secret.md", "rollout.md") for language, text in section(page, None)
                 if language == "yaml" and not text.startswith("resources:")]
        self.assertEqual(len(shown), 6)
        for pipeline in shown:
            schema.validate(pipeline)

    def test_the_policy_with_the_moved_secret_is_valid(self):
        (policy,) = (text for language, text in section("move-a-secret.md", None) if text.startswith("resources:"))
        folder = self.enterContext(tempfile.TemporaryDirectory())
        with open(os.path.join(folder, "billing.yaml"), "w") as file:
            file.write(policy)
        with open(os.path.join(folder, "billing_token"), "w") as file:
            file.write("a-secret-of-the-backend")
        done = run("policy", "check", folder, environment={"CREDENTIALS_DIRECTORY": folder})
        self.assertEqual(done.returncode, 0, done.stderr)
