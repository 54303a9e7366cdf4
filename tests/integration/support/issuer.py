"""An OIDC issuer that mints GitLab-shaped ID tokens, and that misbehaves when told to."""

import http.server
import itertools
import json
import threading
import time
import urllib.parse

from .keys import RsaKey
from .net import free_port

SHA = "9f3c2d1e4b5a69788796a5b4c3d2e1f009182736"
_jobs = itertools.count(1000)


class Quiet(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, client_address):
        """A client that went away is no news."""


class Issuer:
    """`answers`: path -> function(handler) that answers in its own way, to play a broken or hostile issuer."""

    def __init__(self, audience, key=None):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.audience = audience
        self.key = key or RsaKey("first")
        self.published = [self.key.jwk()]
        self.answers = {}
        self.fetches = 0  # of the key set
        self.minted = []
        self.released = threading.Event()  # ends those answers that hang
        issuer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                issuer._answer(self, urllib.parse.urlsplit(self.path))

            def log_message(self, *_):
                pass

        self._server = Quiet(("127.0.0.1", self.port), Handler)
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def stop(self):
        self.released.set()
        self._server.shutdown()
        self._server.server_close()

    def _answer(self, handler, url):
        if url.path == "/keys":
            self.fetches += 1
        if url.path in self.answers:
            self.answers[url.path](handler)
        elif url.path == "/.well-known/openid-configuration":
            self.send(handler, {"issuer": self.url, "jwks_uri": self.url + "/keys"})
        elif url.path == "/keys":
            self.send(handler, {"keys": self.published})
        else:
            self.send(handler, {}, 404)

    @staticmethod
    def send(handler, body, status=200, content_type="application/json", **headers):
        text = body if isinstance(body, bytes) else json.dumps(body).encode()
        handler.send_response(status)
        handler.send_header("content-type", content_type)
        handler.send_header("content-length", str(len(text)))
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(text)

    def claims(self, shift=0, life=3600, **changes):
        """A GitLab job's claims; each call is another job unless job_id is given. `shift` moves the issuer's clock."""
        now = int(time.time()) + shift
        project = changes.get("project_path", "acme/billing")
        ref = changes.get("ref", "main")
        return {
            "iss": self.url,
            "sub": f"project_path:{project}:ref_type:branch:ref:{ref}",
            "aud": self.audience,
            "iat": now,
            "nbf": now - 5,
            "exp": now + life,
            "jti": f"jti-{next(_jobs)}-{time.time_ns()}",
            "project_id": "42",
            "project_path": project,
            "namespace_id": "7",
            "namespace_path": project.rsplit("/", 1)[0],
            "user_id": "1001",
            "user_login": "jane",
            "user_email": "jane@example.com",
            "pipeline_id": "815",
            "pipeline_source": "push",
            "job_id": str(next(_jobs)),
            "ref": ref,
            "ref_type": "branch",
            "ref_protected": "true",
            "environment": "production",
            "sha": SHA,
        } | changes

    def mint(self, key=None, typ="JWT", **changes):
        token = (key or self.key).jwt(self.claims(**changes), typ)
        self.minted.append(token)
        return token
