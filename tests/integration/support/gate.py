"""One gate under test: its folder, its configuration, its life, and what a job and an operator do with it."""

import base64
import json
import os
import shutil
import signal
import subprocess
import tempfile
import urllib.parse

from .net import SLOW, call, eventually, free_port

BUILD = os.environ.get("WATCHWORD_BUILD", "build/release")
BINARY = os.path.abspath(os.path.join(BUILD, "watchword"))
LOGS = os.path.abspath(os.path.join(BUILD, "test-logs"))
SANITIZED = SLOW > 1

EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
ID_TOKEN = "urn:ietf:params:oauth:token-type:id_token"


def run(*arguments, timeout=60, stdin=None, environment=None):
    """The command line; never raises for an exit code."""
    return subprocess.run(
        [BINARY, *arguments], capture_output=True, text=True, timeout=timeout * SLOW, input=stdin,
        env=os.environ | (environment or {}))


def policy_for(upstream_url, **http):
    """The policy that most tests use: read for all of acme/billing, write on main; another host for the same upstream."""
    return {
        "resources": {
            "billing-api": {
                "http": {"upstream": upstream_url, "host": "billing.test"} | http,
                "actions": {
                    "read": {"methods": ["GET", "HEAD"]},
                    "write": {"methods": ["POST", "PUT", "PATCH", "DELETE"], "paths": ["/v1/**"]},
                },
            }
        },
        "roles": {
            "deploy": {
                "granted_to": [{"job": {"issuer": "gitlab", "project_path": "acme/billing"}}],
                "allow": ["billing-api/read", {"permission": "billing-api/write", "when": 'job.ref == "main"'}],
                "session": {"ttl": "15m"},
            }
        },
    }


class Gate:
    """`config` overrides keys of watchword.yaml. YAML is written as JSON, of which it is a superset."""

    def __init__(self, name, port=None):
        os.makedirs(LOGS, exist_ok=True)
        self.folder = tempfile.mkdtemp(prefix="ww-")
        self.api = port or free_port()
        self.gateway = free_port()
        self.url = f"http://127.0.0.1:{self.api}"
        self.tls = None  # the CA, once it serves TLS
        self.policy_file = self.path("policy/billing.yaml")
        self.config_file = self.path("watchword.yaml")
        self.admin = self.path("admin.sock")
        self.log_directory = self.path("log")
        self.stderr = os.path.join(LOGS, name + ".log")
        self.process = None
        self.tokens = []  # every token that was handed out
        os.makedirs(self.path("policy"))
        os.makedirs(self.log_directory)
        open(self.stderr, "w").close()
        with open(self.path("sealing.key"), "w") as file:
            file.write(base64.b64encode(os.urandom(32)).decode())
        os.chmod(self.path("sealing.key"), 0o600)

    def path(self, name):
        return os.path.join(self.folder, name)

    def configure(self, issuers, **changes):
        config = {
            "url": self.url,
            "listen": {"api": f"127.0.0.1:{self.api}", "gateway": f"127.0.0.1:{self.gateway}", "admin": "unix:" + self.admin},
            "store": "sqlite://state.db",
            "policy": "policy",
            "sealing_key": "file:" + self.path("sealing.key"),
            "log": {"directory": "log", "origin": "gate.example.com/log"},
            "issuers": issuers,
            "log_level": "info",
        }
        self.write(self.config_file, config | changes)

    def write(self, path, document):
        """Whole or not at all, as an editor or a config manager would."""
        with open(path + "~", "w") as file:
            file.write(document if isinstance(document, str) else json.dumps(document, indent=1))
        os.rename(path + "~", path)

    def start(self, wrapper=(), environment=None, wait=True):
        log = open(self.stderr, "a")
        command = [*wrapper, BINARY, "serve", "--config", self.config_file]
        self.process = subprocess.Popen(command, stdout=log, stderr=log, env=os.environ | (environment or {}))
        log.close()
        if wait:
            eventually(self._answers, "the gate answers", 120)
        return self

    def _answers(self):
        if self.process.poll() is not None:
            raise AssertionError(f"the gate ended with {self.process.returncode}:\n{self.log_text()}")
        try:
            return call(self.api, "GET", "/healthz", tls=self.tls).status == 200
        except OSError:
            return False

    def stop(self):
        """SIGTERM; returns the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30 * SLOW)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def remove(self):
        if self.process and self.process.poll() is None:
            self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def log_text(self):
        with open(self.stderr, errors="replace") as file:
            return file.read()

    def ready(self):
        return call(self.api, "GET", "/readyz", tls=self.tls)

    def metric(self, name):
        """The value of the first sample whose line begins with `name`."""
        for line in call(self.api, "GET", "/metrics", tls=self.tls).body.decode().splitlines():
            if line.startswith(name + " "):
                return float(line.rsplit(" ", 1)[1])
        return None

    def exchange(self, token, headers=None, connection=None, **form):
        form = {"grant_type": EXCHANGE, "subject_token_type": ID_TOKEN, "subject_token": token} | form
        reply = call(self.api, "POST", "/oauth/token", headers, form, tls=self.tls, connection=connection)
        if reply.status == 200:
            self.tokens.append(reply.json["access_token"])
        return reply

    def access(self, issuer, **claims):
        """A fresh job's access token."""
        reply = self.exchange(issuer.mint(**claims))
        if reply.status != 200:
            raise AssertionError(f"exchange refused: {reply}")
        return reply.json["access_token"]

    def request(self, method, path, token=None, host="billing.test", body=None, **headers):
        headers = {name.replace("_", "-"): value for name, value in headers.items()} | {"host": host}
        if token:
            headers["authorization"] = "Bearer " + token
        return call(self.gateway, method, path, headers, body, tls=self.tls)

    def cli(self, *arguments, **options):
        return run(*arguments, "--config", self.config_file, **options)

    def admin_get(self, path, **query):
        text = "?" + urllib.parse.urlencode(query) if query else ""
        return call(self.admin, "GET", path + text).json

    def all_sessions(self):
        """Every session that the store knows, page by page."""
        query, all_of_them = {"ended": "true", "limit": 1000}, []
        while True:
            page = self.admin_get("/api/v1/sessions", **query)
            all_of_them += page["sessions"]
            if "next" not in page:
                return all_of_them
            query["before"] = page["next"]

    def verify_log(self, *more):
        return run("audit", "verify", self.log_directory, "--key", os.path.join(self.log_directory, "verifier.key"), "--json", *more)

    def entries(self):
        """The published audit log."""
        return [json.loads(line) for line in run("audit", "export", self.log_directory).stdout.splitlines()]

    def entry(self, record):
        """The entry with this id, as soon as it is published."""
        find = lambda: next((one for one in self.entries() if one["id"] == record), None)
        return eventually(find, f"record {record} is in the published log")
