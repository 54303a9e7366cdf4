"""docs/openapi.yaml against the living gate: hostile input by schemathesis, and real answers by their schemas."""

import json
import os
import socket
import subprocess
import threading

import requests
import schemathesis

from parts import PARTS
from support.case import GateCase
from support.gate import EXCHANGE, ID_TOKEN, LOGS, run
from support.net import free_port

DOCUMENT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../docs/openapi.yaml")


def forward_to(path):
    """A TCP port in front of a Unix socket, as schemathesis speaks TCP only."""
    port = free_port()
    listener = socket.create_server(("127.0.0.1", port))

    def pump(source, target):
        try:
            while data := source.recv(65536):
                target.sendall(data)
        except OSError:
            pass
        for end in (source, target):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def serve():
        while True:
            client, _ = listener.accept()
            admin = socket.socket(socket.AF_UNIX)
            admin.connect(path)
            for pair in ((client, admin), (admin, client)):
                threading.Thread(target=pump, args=pair, daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    return port


class OpenApi(GateCase):
    @classmethod
    def config(cls):
        made = json.loads(run("clients", "secret", "--json").stdout)
        cls.secret = made["secret"]
        return {"clients": {"billing": {"secret": made["hash"], "resources": ["billing-api"]}}, "log_level": "warn"}

    def schemathesis(self, name, port, *arguments, skip=""):
        # It cannot know a token that would be accepted; and what is malformed is refused before who asks is looked at.
        excluded = ",".join(filter(None, ("positive_data_acceptance", "ignored_auth", skip)))
        report = os.path.join(LOGS, f"openapi_test.OpenApi.{name}.log")
        command = [
            os.path.join(PARTS, "venv/bin/schemathesis"), "run", DOCUMENT, "--url", f"http://127.0.0.1:{port}", "--seed", "7",
            "--max-examples", "25", "--phases", "examples,coverage,fuzzing", "--generation-database", "none",
            "--request-timeout", "10", "--no-color",
            "--exclude-checks", excluded, *arguments,
        ]
        done = subprocess.run(command, capture_output=True, text=True, timeout=200, cwd=self.gate.folder)
        with open(report, "w") as file:
            file.write(done.stdout + done.stderr)
        tail = done.stdout[-6000:] + done.stderr[-1000:]
        self.assertEqual(done.returncode, 0, tail)
        self.assertIsNone(self.gate.process.poll(), "the gate lives")

    def test_the_token_endpoint_against_hostile_input(self):
        self.schemathesis("token", self.gate.api, "--include-path", "/oauth/token")

    def test_the_other_public_endpoints_against_hostile_input(self):
        self.schemathesis("public", self.gate.api, "--exclude-path-regex", "^/api/|^/oauth/token$", "--auth", "billing:" + self.secret)

    def test_the_admin_endpoints_against_hostile_input(self):
        # Allow names what any path below the same prefix takes, so it may name a method too many.
        self.schemathesis("admin", forward_to(self.gate.admin), "--include-path-regex", "^/api/", skip="allow_header_conformance")

    def test_real_answers_are_as_described(self):
        schema = schemathesis.openapi.from_path(DOCUMENT)
        base, admin = self.gate.url, f"http://127.0.0.1:{forward_to(self.gate.admin)}"
        basic = ("billing", self.secret)
        form = {"grant_type": EXCHANGE, "subject_token_type": ID_TOKEN, "subject_token": self.issuer.mint()}
        exchanged = requests.post(base + "/oauth/token", data=form, timeout=10)
        token, session = exchanged.json()["access_token"], exchanged.json()["session"]
        self.gate.entry(exchanged.json()["record"])  # the log is published
        with open(os.path.join(self.gate.log_directory, "checkpoint")) as file:
            tile = f"000.p/{file.read().splitlines()[1]}"
        calls = [
            ("/oauth/token", "POST", 200, lambda url: exchanged, base),
            ("/oauth/token", "POST", 400, lambda url: requests.post(url, data=form | {"subject_token": self.issuer.mint(aud="x")}), base),
            ("/oauth/token", "POST", 400, lambda url: requests.post(url, data=form | {"subject_token": self.issuer.mint(project_path="a/b")}), base),
            ("/oauth/introspect", "POST", 200, lambda url: requests.post(url, data={"token": token}, auth=basic), base),
            ("/oauth/introspect", "POST", 401, lambda url: requests.post(url, data={"token": token}, auth=("billing", "x")), base),
            ("/oauth/revoke", "POST", 200, lambda url: requests.post(url, data={"token": token}, auth=basic), base),
            ("/.well-known/oauth-authorization-server", "GET", 200, requests.get, base),
            ("/.well-known/openid-configuration", "GET", 200, requests.get, base),
            ("/.well-known/jwks.json", "GET", 200, requests.get, base),
            ("/healthz", "GET", 200, requests.get, base),
            ("/readyz", "GET", 200, requests.get, base),
            ("/metrics", "GET", 200, requests.get, base),
            ("/log/checkpoint", "GET", 200, requests.get, base),
            ("/log/verifier.key", "GET", 200, requests.get, base),
            ("/log/tile/{level}/{index}", "GET", 200, lambda url: requests.get(url.replace("{level}", "0").replace("{index}", tile)), base),
            ("/log/tile/entries/{index}", "GET", 404, lambda url: requests.get(url.replace("{index}", tile)), base),  # not public
            ("/log/tile/entries/{index}", "GET", 200, lambda url: requests.get(url.replace("{index}", tile)), admin),
            ("/api/v1/status", "GET", 200, requests.get, admin),
            ("/api/v1/sessions", "GET", 200, requests.get, admin),
            ("/api/v1/sessions/{id}", "GET", 200, lambda url: requests.get(url.replace("{id}", session)), admin),
            ("/api/v1/sessions/{id}/end", "POST", 200, lambda url: requests.post(url.replace("{id}", session), json={"why": "test"}), admin),
            ("/api/v1/keys", "GET", 200, requests.get, admin),
            ("/api/v1/keys/rotate", "POST", 200, lambda url: requests.post(url, json={"why": "test"}), admin),
            ("/api/v1/policy/reload", "POST", 200, requests.post, admin),
        ]
        for path, method, status, do, at in calls:
            with self.subTest(f"{method} {path} {status}"):
                response = do(at + path)
                self.assertEqual(response.status_code, status, response.text)
                schema[path][method].validate_response(response)
