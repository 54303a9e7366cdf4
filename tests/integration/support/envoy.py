"""What `watchword envoy` is tested with."""

import json
import os
import tempfile
import unittest

from .gate import Gate, policy_for, run

OK, DIFFERS, USAGE, INVALID = range(4)


class EnvoyCase(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.folder = self.enterContext(tempfile.TemporaryDirectory())
        self.gate = Gate(type(self).__module__ + "." + type(self).__name__)
        self.addCleanup(self.gate.remove)
        self.configure("unix:" + self.path("ext_authz.sock"))
        self.set_policy(policy_for("http://127.0.0.1:9"))

    def configure(self, address, **more):
        issuer = {"gitlab": {"profile": "gitlab", "url": "https://gitlab.example.com", "audience": "https://gate.example.com"}}
        listen = {"api": "127.0.0.1:1", "gateway": "127.0.0.1:2", "admin": "unix:" + self.gate.admin, "ext_authz": address}
        self.gate.configure(issuer, url="http://127.0.0.1:1", listen=listen, **more)

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, document):
        self.gate.write(self.path(name), document)
        return self.path(name)

    def set_policy(self, policy):
        self.gate.write(self.gate.policy_file, policy)

    def render(self, *more):
        done = self.gate_cli("config", *more)
        self.assertEqual(done.returncode, OK, done.stderr)
        return json.loads(done.stdout)

    def gate_cli(self, command, *more):
        return run("envoy", command, "--config", self.gate.config_file, *more)


def manager_of(bootstrap):
    return bootstrap["static_resources"]["listeners"][0]["filter_chains"][0]["filters"][0]["typed_config"]


def filter_of(bootstrap, name):
    return next(one for one in manager_of(bootstrap)["http_filters"] if one["name"] == "envoy.filters.http." + name)["typed_config"]
