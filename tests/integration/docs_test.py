"""What the documentation shows works as it is shown, and `watchword dev` does what it says."""

import os
import re
import shutil
import signal
import subprocess
import tempfile
import textwrap
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

    def test_getting_started_leads_to_a_gate(self):
        """All that it says to type, typed; only the places and ports are ours."""
        with open(os.path.join(ROOT, "docs/getting-started.md")) as file:
            text = file.read()
        api = free_port()
        for shown, ours in (("./dev build\n", "\n"), ("build/release/watchword ", BINARY + " "), ("/usr/local/bin", "%/bin"),
                            ("/etc/watchword", "%/etc"), ("/var/lib/watchword", "%/state/lib"), ("/run/watchword", "%/run/watchword"),
                            ('":443"', f'":{api}"'), ('":8444"', f'":{free_port()}"')):
            self.assertIn(shown, text)
            text = text.replace(shown, ours.replace("%", self.folder))
        steps, serve = text.split("6. Run: `", 1)
        steps = [textwrap.dedent(block) for block in re.findall(r"^   ```\n(.*?)^   ```", steps, re.M | re.S)]
        self.assertEqual(len(steps), 4, "install, configure, certificate, check")
        environment = os.environ | {"PATH": os.path.join(self.folder, "bin") + ":" + os.environ["PATH"]}
        shell = lambda script: subprocess.run(["bash", "-euc", script], cwd=ROOT, env=environment, capture_output=True, text=True)
        os.makedirs(os.path.join(self.folder, "bin"))
        for step in steps[:3]:
            done = shell(step)
            self.assertEqual(done.returncode, 0, done.stderr)
        self.write("etc/watchword.yaml", re.search(r"^```yaml\n(.*?)^```", text, re.M | re.S)[1])
        done = shell(steps[3])
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        gate = subprocess.Popen(serve.split("`", 1)[0].split(), env=environment, stderr=subprocess.DEVNULL)
        self.addCleanup(gate.wait)
        self.addCleanup(gate.kill)
        status = f"watchword status --admin unix:{self.folder}/run/watchword/admin.sock"
        eventually(lambda: shell(status).returncode == 0, "the gate answers at its admin socket, whose folder it made")
        shown = f"https://gate.example.com:{api}/healthz"
        done = shell(f"curl -s --cacert {self.folder}/etc/gate.pem --resolve gate.example.com:{api}:127.0.0.1 {shown} -o /dev/null -w '%{{http_code}}'")
        self.assertEqual(done.stdout, "200")

    def test_the_policy_is_valid(self):
        parts = [blocks("policy.md", key)[0] for key in ("resources", "roles", "deny")]
        self.write("policy.yaml", "".join(parts))
        done = run("policy", "check", self.folder)
        self.assertEqual(done.returncode, 0, done.stderr)


class Dev(unittest.TestCase):
    def test_dev_prints_commands_that_work_and_leaves_nothing_behind(self):
        port = free_port(4)
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
        with open(os.path.join(state, "watchword.yaml")) as file:
            laid_out = file.read()
        second = run("dev", "--port", str(free_port(4)), "--state", state)
        self.assertIn("another gate", second.stderr)
        with open(os.path.join(state, "watchword.yaml")) as file:
            self.assertEqual(file.read(), laid_out, "the one that runs keeps its files")
        eventually(lambda: call(port, "GET", "/readyz").status == 200, "it is ready")
        eventually(lambda: os.path.exists(os.path.join(state, "log/checkpoint")), "the log is published, about a second after the start")
        script = text[text.index("export WATCHWORD_URL="):text.index("Ctrl-C")].replace("watchword ", BINARY + " ")
        environment = os.environ | {"CURL_HOME": "/nonexistent"}
        done = subprocess.run(["bash", "-euc", script], capture_output=True, text=True, env=environment, timeout=60, cwd=ROOT)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        for word in ("context_not_met", '"body_bytes": 8', "session_ended"):
            self.assertIn(word, done.stdout)
        self.assertIn("acme/billing", done.stdout)
        self.assertIn("valid", done.stdout)
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(30), 0)
        self.assertFalse(os.path.exists(state))
        process.stdout.close()
