"""What a job does with `watchword exec`: a gate with resources that a loopback address reaches, and the command line."""

import os
import signal
import subprocess

from .case import GateCase
from .echo import start_echo
from .gate import BINARY, policy_for
from .net import SLOW, eventually

USAGE, FAILED, INVALID, DENIED = 122, 121, 123, 124
PATH = os.environ["PATH"]


class ExecCase(GateCase):
    """`session`: that of the role."""

    session = {"ttl": "15m"}

    @classmethod
    def setUpClass(cls):
        _, cls.echo_port = start_echo(cls)
        super().setUpClass()

    @classmethod
    def policy(cls):
        policy = policy_for(cls.upstream.url)
        http = lambda prefix: {"upstream": cls.upstream.url, "prefix": prefix}
        anything = {"any": {"methods": ["*"]}}
        policy["resources"]["billing-api"]["http"] = http("/billing")
        policy["resources"] |= {"orders.api": {"http": http("/orders"), "actions": anything},
                                "secret-api": {"http": http("/secret"), "actions": anything},
                                "ledger-db": {"tcp": {"upstream": f"127.0.0.1:{cls.echo_port}"}}}
        policy["roles"]["deploy"]["allow"] += ["orders.api/any", "ledger-db/connect"]
        policy["roles"]["deploy"]["session"] = cls.session
        return policy

    def environment(self, token=None, **more):
        """Of a job: nothing of ours. None as a value leaves a variable out."""
        job = {"PATH": PATH, "WATCHWORD_URL": self.gate.url, "WATCHWORD_ID_TOKEN": token} | more
        return {name: value for name, value in job.items() if value is not None}

    def start(self, *words, token=None, variables=None, wrapper=(), **options):
        """`words`: what stands behind exec. A token that is not given is that of a new job."""
        token = self.issuer.mint() if token is None else token
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL} | options
        process = subprocess.Popen([*wrapper, BINARY, "exec", *words], env=self.environment(token, **(variables or {})), **options)
        self.addCleanup(self.clean, process)
        return process

    @staticmethod
    def clean(process):
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream:
                stream.close()

    def exec(self, *words, input=None, **options):
        """(exit code, standard output, standard error)"""
        if input is not None:
            options["stdin"] = subprocess.PIPE
        process = self.start(*words, **options)
        out, err = process.communicate(input, timeout=60 * SLOW)
        return process.returncode, out.decode(errors="replace"), err.decode(errors="replace")

    def shell(self, script, *words, **options):
        return self.exec(*(words or ("billing-api",)), "--", "sh", "-c", script, **options)

    def of_job(self, job, event):
        return [e for e in self.gate.entries() if e["event"] == event and (e.get("who") or {}).get("job") == job]

    def exchanges(self, job):
        """That gave a token: the first proof of a run lacks the gate's nonce, and is refused."""
        return [e for e in self.of_job(job, "exchange") if e["decision"] == "allow"]

    def assert_given_back(self, job, count=1):
        eventually(lambda: len(self.of_job(job, "revocation")) >= count, f"{count} tokens of job {job} are given back", 20)


def alive(pid):
    """A zombie is not."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def end(pid):
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
