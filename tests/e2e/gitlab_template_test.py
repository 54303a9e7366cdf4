"""The GitLab templates of ci/: valid by GitLab's own schema, and a client that is fetched is used only if it is the one that was pinned."""

import glob
import hashlib
import os
import re
import subprocess
import tempfile
import unittest

import jsonschema_rs
import yaml
from gitlab_project import ROOT
from gitlab_registry import Registry
from gitlab_runner import GITLAB_CI_LOCAL, Loader
from parts import node
from support.authority import Authority
from support.gate import BINARY
from support.net import free_port

COMPONENT, INCLUDE = os.path.join(ROOT, "ci/templates/access.yml"), os.path.join(ROOT, "ci/access.gitlab-ci.yml")


def documents(file):
    with open(file) as text:
        return list(yaml.load_all(text, Loader))


class Schema(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.schema = jsonschema_rs.validator_for(node("gitlab_schema.mjs", {"bundle": GITLAB_CI_LOCAL}))

    def test_it_is_a_schema_that_refuses(self):
        for wrong in ({"job": {"script": ["true"], "id_tokens": {"T": {}}}}, {"job": {"script": ["true"], "scripts": []}},
                      {"spec": {"inputs": {"gate": {"type": "url"}}}}, {"spec": {"input": {}}}, {"include": [{"component": 1}]}):
            self.assertFalse(self.schema.is_valid(wrong), wrong)

    def test_the_templates_are_valid(self):
        (header, component), (include,) = documents(COMPONENT), documents(INCLUDE)
        for document in (header, component, include):
            self.schema.validate(document)
            if ".watchword" in document:  # the schema lets hidden jobs be anything
                self.schema.validate({"job": {"script": ["true"]} | document[".watchword"]})

    def test_every_input_is_documented_and_checked(self):
        inputs = documents(COMPONENT)[0]["spec"]["inputs"]
        with open(COMPONENT) as file:
            self.assertEqual(set(re.findall(r"\$\[\[ inputs\.(\w+) \]\]", file.read())), set(inputs))
        for name, input in inputs.items():
            self.assertIn("description", input, name)
            for hostile in ("'; id; '", "x\ny", "$(id)", "`id`", '"'):
                self.assertIsNone(re.search(input["regex"], hostile), (name, hostile))

    def test_the_examples_are_valid(self):
        files = glob.glob(os.path.join(ROOT, "examples/gitlab/**/.gitlab-ci.yml"), recursive=True, include_hidden=True)
        self.assertGreaterEqual(len(files), 10)
        for file in files:
            for document in documents(file):
                with self.subTest(os.path.relpath(file, ROOT)):
                    self.schema.validate(document)


class DemoRunner(unittest.TestCase):
    """The runner that ./dev demo has for machines without gitlab-ci-local."""

    FILE = os.path.join(ROOT, "tests/demo/project/.gitlab-ci.yml")

    def run_job(self, file, job):
        return subprocess.run(["python3", os.path.join(ROOT, "tests/demo/run_job.py"), file, job], capture_output=True, text=True, timeout=60,
                              cwd=self.enterContext(tempfile.TemporaryDirectory()), env={"PATH": "/usr/bin:/bin"})

    def test_it_runs_the_commands_that_gitlab_would(self):
        (pipeline,) = documents(self.FILE)
        for name in ("deploy", "attack"):
            shown = [line.split("$ ", 1)[1] for line in self.run_job(self.FILE, name).stdout.splitlines() if line.startswith(name + " $ ")]
            wanted = pipeline[name]["script"]
            self.assertEqual(shown, wanted[:1] if name == "deploy" else wanted)  # a job ends with the first command that fails

    def test_it_stops_at_what_it_cannot_read(self):
        with open(self.FILE) as file:
            text = file.read()
        for more in ("    - !reference [.a, b]", "    - |", '    - "quoted"', "    - a: b", "include: x", "    - echo a # b", "    - *a", "\tx: y"):
            with tempfile.NamedTemporaryFile("w", suffix=".yml") as file:
                file.write(text + more + "\n")
                file.flush()
                done = self.run_job(file.name, "deploy")
            self.assertEqual((done.returncode, done.stdout), (1, ""), more)
            self.assertIn("more YAML than this runner reads", done.stderr)


class Client(unittest.TestCase):
    """The before_script of both templates, in the shells that images have."""

    @classmethod
    def setUpClass(cls):
        cls.folder = cls.enterClassContext(tempfile.TemporaryDirectory())
        cls.served = b'#!/bin/sh\n[ "$1" = version ] && echo "watchword 1.2.3" || echo "the client: $*"\n'
        authority = Authority(cls.folder, "acme")
        certificate = authority.issue("registry")
        cls.environment = {"CURL_CA_BUNDLE": authority.certificate, "HOME": cls.folder, "TMPDIR": os.path.join(cls.folder, "tmp")}
        os.mkdir(cls.environment["TMPDIR"])
        with open(os.path.join(cls.folder, ".wgetrc"), "w") as file:
            file.write(f"ca_certificate = {authority.certificate}\n")
        cls.url = Registry(cls, cls.served, certificate).url

    def path_with(self, *tools, busybox=False):
        """A folder with what a small image has."""
        folder = tempfile.mkdtemp(dir=self.folder)
        for tool in ("mktemp", "rm", "chmod", "sha256sum", "sh", *tools):
            own = busybox and tool not in tools
            os.symlink("/usr/bin/busybox" if own else tool if "/" in tool else f"/usr/bin/{tool}", os.path.join(folder, os.path.basename(tool)))
        return folder

    def run_script(self, shell=("sh",), path=None, **inputs):
        """What the component's script does, and then a command of the client."""
        given = {"gate": "https://gate.example.com", "resources": "", "version": "", "sha256": hashlib.sha256(self.served).hexdigest(),
                 "client": self.url} | inputs
        (script,) = documents(COMPONENT)[1][".watchword"]["before_script"]
        script = re.sub(r"\$\[\[ inputs\.(\w+) \]\]", lambda found: given[found[1]], script)
        self.script = "set -e\n" + script + "\nwatchword hello from $WATCHWORD_URL\n"
        return self.execute(shell, path)

    def execute(self, shell, path=None, **environment):
        environment = self.environment | {"PATH": path or self.path_with("curl")} | environment
        return subprocess.run([*shell, "-c", self.script], capture_output=True, text=True, env=environment, cwd=self.folder, timeout=60)

    def assert_stopped(self, done, why):
        self.assertEqual((done.returncode, done.stdout), (1, ""), done.stderr)
        self.assertIn(why, done.stderr)

    def test_the_pinned_client_is_fetched_in_every_shell(self):
        shells = {"/usr/bin/dash": self.path_with("curl"), "/usr/bin/bash": self.path_with("curl"),
                  "/usr/bin/busybox": self.path_with("curl", busybox=True)}
        for program, path in shells.items():
            with self.subTest(program):
                shell = [program] + ["sh"] * program.endswith("busybox")
                done = self.run_script(shell, path, version="1.2.3")
                self.assertEqual((done.returncode, done.stdout), (0, "the client: hello from https://gate.example.com\n"), done.stderr)
                self.assertEqual(os.listdir(self.environment["TMPDIR"]), [], "nothing is left behind")

    def test_wget_does_where_there_is_no_curl(self):
        done = self.run_script(["/usr/bin/dash"], self.path_with("wget"))
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_another_file_than_the_pinned_one_is_not_run(self):
        done = self.run_script(["/usr/bin/busybox", "sh"], self.path_with("curl", busybox=True), sha256="0" * 64)
        self.assert_stopped(done, "has not the SHA-256 0000")
        self.assert_stopped(self.run_script(["/usr/bin/bash"], sha256="0" * 64), "has not the SHA-256 0000")

    def test_nothing_is_fetched_without_a_pin_or_without_https(self):
        self.assert_stopped(self.run_script(["/usr/bin/dash"], sha256=""), "only with its sha256")
        self.assert_stopped(self.run_script(["/usr/bin/dash"], client=self.url.replace("https", "http")), "by https only")

    def test_what_is_missing_is_said(self):
        self.assert_stopped(self.run_script(["/usr/bin/dash"], self.path_with()), "neither curl nor wget")
        self.assert_stopped(self.run_script(["/usr/bin/dash"], client="found"), "no watchword on PATH")
        self.assert_stopped(self.run_script(["/usr/bin/dash"], version="1.2.4"), "version 1.2.4 is wanted, and watchword 1.2.3 is there")
        self.assert_stopped(self.run_script(["/usr/bin/dash"], client=f"https://localhost:{free_port()}/watchword"), "could not fetch")
        self.script = self.script.removeprefix("set -e\n")
        self.assert_stopped(self.execute(["/usr/bin/dash"], TMPDIR="/nonexistent"), "no folder for the client")

    def test_the_plain_include_does_the_same(self):
        ((self.script,),) = (document[".watchword"]["before_script"] for document in documents(INCLUDE))
        self.script = "set -e\n" + self.script + "\nwatchword hello\n"
        pinned = {"WATCHWORD_URL": "https://gate.example.com", "WATCHWORD_CLIENT": self.url,
                  "WATCHWORD_SHA256": hashlib.sha256(self.served).hexdigest()}
        self.assertEqual(self.execute(["/usr/bin/dash"], **pinned).stdout, "the client: hello\n")
        self.assert_stopped(self.execute(["/usr/bin/dash"], **pinned | {"WATCHWORD_SHA256": "0" * 64}), "has not the SHA-256")
        self.assert_stopped(self.execute(["/usr/bin/dash"], **pinned | {"WATCHWORD_URL": ""}), "WATCHWORD_URL is not set")

    def test_both_say_the_same_where_they_do_the_same(self):
        """From the function that they both begin with."""
        scripts = [documents(file)[-1][".watchword"]["before_script"][0] for file in (COMPONENT, INCLUDE)]
        component, include = (script[script.index("watchword_stop()"):] for script in scripts)
        own = [line for line in include.splitlines() if "WATCHWORD_URL" in line]
        self.assertEqual(len(own), 1)
        self.assertEqual(component, include.replace(own[0] + "\n", ""))

    def test_the_client_that_the_image_has_is_used(self):
        done = self.run_script(["/usr/bin/dash"], self.path_with(BINARY), client="found", sha256="")
        self.assertIn("hello", done.stdout + done.stderr)
        self.assertNotEqual(done.returncode, 0, "the real client knows no command 'hello'")
