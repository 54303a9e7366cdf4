"""./dev demo plays its pipeline to the end, by gitlab-ci-local and by its own runner, says by which, and leaves nothing behind."""

import os
import shutil
import subprocess
import tempfile
import unittest

from gitlab_project import ROOT
from parts import PARTS
from support.gate import BINARY
from support.net import SLOW, free_port

CHAPTERS = ("It may read", "It may not write", "The merge event arrives", "The job ends", "A tampered, an expired", "behind Envoy", "anyone can verify",
            "One byte")


class Demo(unittest.TestCase):
    def setUp(self):
        self.folder = self.enterContext(tempfile.TemporaryDirectory())
        self.tools, self.temporary = (os.path.join(self.folder, name) for name in ("tools", "tmp"))
        os.mkdir(self.tools)
        os.mkdir(self.temporary)
        os.symlink(os.path.join(PARTS, "venv/bin/envoy"), os.path.join(self.tools, "envoy"))

    def play(self, binary):
        environment = {"PATH": self.tools + ":/usr/bin:/bin", "HOME": self.folder, "TMPDIR": self.temporary, "WATCHWORD_DEMO_PORT": str(free_port(5))}
        done = subprocess.run([os.path.join(ROOT, "tests/demo/demo.sh"), binary], capture_output=True, text=True, env=environment,
                              timeout=100 * SLOW, cwd=self.folder)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        headings = [line for line in done.stdout.splitlines() if line.startswith("# ")]
        self.assertEqual([chapter for chapter, heading in zip(CHAPTERS, headings[1:], strict=True) if chapter not in heading], [])
        self.assertEqual(os.listdir(self.temporary), [])
        return done.stdout

    def test_gitlab_ci_local_plays_it(self):
        build = os.path.join(self.folder, "build")
        os.makedirs(os.path.join(build, "release"))
        os.symlink(PARTS, os.path.join(build, "parts"))
        binary = shutil.copy(BINARY, os.path.join(build, "release"))
        self.assertIn("The pipeline is run by gitlab-ci-local.", self.play(binary))

    def test_without_it_the_demo_s_own_runner_does_and_says_so(self):
        os.mkdir(os.path.join(self.folder, "release"))
        binary = shutil.copy(BINARY, os.path.join(self.folder, "release"))
        self.assertIn("The pipeline is run by the demo itself, which reads the same file: ", self.play(binary))
