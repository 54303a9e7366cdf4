"""The downloaded parts: Node scripts and servers beside this file, Envoy."""

import json
import os
import subprocess

from support.gate import LOGS

PARTS = os.environ["WATCHWORD_PARTS"]
HERE = os.path.dirname(os.path.abspath(__file__))
NODE = os.path.join(PARTS, "node")


def node(script, given):
    """Runs a script with an object on standard input; its last line of output is the answer."""
    done = subprocess.run([NODE, os.path.join(HERE, script)], input=json.dumps(given), capture_output=True, text=True, timeout=60)
    if done.returncode != 0:
        raise AssertionError(f"{script} failed:\n{done.stdout}{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


class Server:
    """A process that is stopped at the end of the class; its output is kept with the logs."""

    def __init__(self, case, name, command, **environment):
        with open(os.path.join(LOGS, f"{case.__module__}.{case.__name__}.{name}.log"), "w") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, env=os.environ | environment)
        case.addClassCleanup(self.stop)

    def stop(self):
        self.process.kill()
        self.process.wait()
