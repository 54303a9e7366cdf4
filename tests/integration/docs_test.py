"""What the documentation shows works as it is shown, and `watchword dev` does what it says."""

import os
import re
import shutil
import signal
import subprocess
import tempfile
import unittest

from support.gate import BINARY, run
from support.net import call, eventually, free_port

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def blocks(name, first_key):
    """The YAML blocks of a document that begin with this key."""
    with open(os.path.join(ROOT, "docs", name)) as file:
        return [block for block in re.findall(r"^```yaml\n(.*?)^```", file.read(), re.M | re.S) if block.startswith(first_key + ":")]


class Documentation(unittest.TestCase):
    def setUp(self):
        self.folder = self.enterContext(tempfile.TemporaryDirectory())

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w") as file:
            file.write(text)
        return path

    def test_the_configurations_are_valid(self):
        policy = os.path.join(self.folder, "policy")
        shutil.copytree(os.path.join(ROOT, "examples/policy"), policy)
        shown = blocks("configuration.md", "url") + blocks("getting-started.md", "url")
        self.assertEqual(len(shown), 2)
        self.write("sealing_key", "k" * 32)
        tls = os.path.join(self.folder, "gate")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=gate.example.com",
                        "-keyout", tls + ".key", "-out", tls + ".pem"], check=True, capture_output=True)
        for text in shown:
            for pattern, ours in ((r"^policy: \S+", "policy: " + policy), (r"^sealing_key: \S+", "sealing_key: credential:sealing_key"),
                                  (r"\S+/gate\.(pem|key)\b", tls + r".\1")):
                text = re.sub(pattern, ours, text, flags=re.M)
            done = run("config", "check", self.write("watchword.yaml", text), environment={"CREDENTIALS_DIRECTORY": self.folder})
            self.assertEqual(done.returncode, 0, done.stderr)

    def test_the_policy_is_valid(self):
        parts = [blocks("policy.md", key)[0] for key in ("resources", "roles", "deny")]
        self.write("policy.yaml", "".join(parts))
        done = run("policy", "check", self.folder)
        self.assertEqual(done.returncode, 0, done.stderr)


class Dev(unittest.TestCase):
    def test_dev_prints_commands_that_work_and_leaves_nothing_behind(self):
        port = free_port()
        command = [BINARY, "dev", "--port", str(port)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.addCleanup(process.kill)
        lines = []
        for line in process.stdout:
            lines.append(line.strip())
            if line.startswith("Ctrl-C"):
                break
        text = "\n".join(lines)
        state = re.search(r"^state +(\S+)$", text, re.M)[1]
        eventually(lambda: call(port, "GET", "/readyz").status == 200, "it is ready")
        eventually(lambda: os.path.exists(os.path.join(state, "log/checkpoint")), "the log is published, about a second after the start")
        script = text[text.index("ID=$("):text.index("Ctrl-C")].replace("watchword ", BINARY + " ")
        environment = os.environ | {"CURL_HOME": "/nonexistent"}
        done = subprocess.run(["bash", "-euc", script], capture_output=True, text=True, env=environment, timeout=60)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("acme/billing", done.stdout)
        self.assertIn("valid", done.stdout)
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(30), 0)
        self.assertFalse(os.path.exists(state))
        process.stdout.close()
