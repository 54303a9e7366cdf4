"""Every policy of examples/ is valid, and its tests pass."""

import glob
import os
import unittest

from support.gate import run

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


class Examples(unittest.TestCase):
    def test_every_policy_is_valid_and_passes_its_tests(self):
        folders = sorted({os.path.dirname(file) for file in glob.glob(os.path.join(ROOT, "examples/**/*.test.yaml"), recursive=True)})
        self.assertGreaterEqual(len(folders), 11)
        for folder in folders:
            with self.subTest(os.path.relpath(folder, ROOT)):
                for command in ("check", "test"):
                    done = run("policy", command, folder)
                    self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_every_example_of_a_project_has_a_policy_with_tests_and_a_page(self):
        projects = glob.glob(os.path.join(ROOT, "examples/gitlab/*/"))
        self.assertGreaterEqual(len(projects), 9)
        for project in projects:
            with self.subTest(os.path.relpath(project, ROOT)):
                self.assertTrue(glob.glob(os.path.join(project, "policy/*.test.yaml")))
                self.assertTrue(os.path.exists(os.path.join(project, "README.md")))
