"""Backends that git, Docker and Kubernetes clients know how to speak with."""

import hashlib
import http.server
import json
import os
import shutil
import subprocess
import threading

from .issuer import Quiet
from .net import free_port

GIT = shutil.which("git")
BACKEND = GIT and os.path.join(subprocess.run([GIT, "--exec-path"], capture_output=True, text=True).stdout.strip(), "git-http-backend")


class GitServer:
    """Repositories below `folder` by git's own smart HTTP, behind a CGI server that asks for nothing: the gate does."""

    def __init__(self, folder):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.seen = []

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def body(handler):
                if handler.headers.get("transfer-encoding") != "chunked":
                    return handler.rfile.read(int(handler.headers.get("content-length") or 0))
                body = b""
                while size := int(handler.rfile.readline(), 16):
                    body += handler.rfile.read(size)
                    handler.rfile.readline()
                handler.rfile.readline()
                return body

            def answer(handler):
                self.seen.append(dict(handler.headers.items()))
                path, _, query = handler.path.partition("?")
                environment = {
                    "GIT_PROJECT_ROOT": folder, "GIT_HTTP_EXPORT_ALL": "1", "PATH_INFO": path, "QUERY_STRING": query,
                    "REQUEST_METHOD": handler.command, "CONTENT_TYPE": handler.headers.get("content-type", ""),
                    "HTTP_CONTENT_ENCODING": handler.headers.get("content-encoding", ""), "REMOTE_USER": "gate", "PATH": os.environ["PATH"],
                    "GIT_PROTOCOL": handler.headers.get("git-protocol", "")}
                done = subprocess.run([BACKEND], input=handler.body(), capture_output=True, env=environment)
                head, _, content = done.stdout.partition(b"\r\n\r\n")
                lines = [line.split(": ", 1) for line in head.decode().split("\r\n")]
                status = next((int(value.split()[0]) for name, value in lines if name == "Status"), 200)
                handler.send_response(status)
                for name, value in lines:
                    if name != "Status":
                        handler.send_header(name, value)
                handler.send_header("content-length", str(len(content)))
                handler.end_headers()
                handler.wfile.write(content)

            do_GET = do_POST = answer

        self._server = Quiet(("127.0.0.1", self.port), Handler)
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def stop(self):
        self._server.shutdown()
        self._server.server_close()


class Api:
    """What kubectl asks first, and an image acme/app:1 for docker. Its challenge must not reach them."""

    def __init__(self):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.seen = []  # (path, authorization, assertion)
        config = json.dumps({"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": []}}).encode()
        digest = "sha256:" + hashlib.sha256(config).hexdigest()
        docker = "application/vnd.docker.distribution.manifest.v2+json"
        manifest = {
            "schemaVersion": 2, "mediaType": docker, "layers": [],
            "config": {"mediaType": "application/vnd.docker.container.image.v1+json", "size": len(config), "digest": digest}}
        version = ("major", "minor", "gitVersion", "gitCommit", "gitTreeState", "buildDate", "goVersion", "compiler", "platform")
        answers = {
            "/version": ("application/json", json.dumps(dict.fromkeys(version, "") | {"gitVersion": "v1.32.0"}).encode()),
            "/v2": ("application/json", b"{}"),
            "/v2/acme/app/manifests/1": (docker, json.dumps(manifest).encode()),
            "/v2/acme/app/blobs/" + digest: ("application/octet-stream", config),
        }

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def do_GET(handler):
                path = handler.path.rstrip("/")
                self.seen.append((path, handler.headers.get("authorization"), handler.headers.get("watchword-assertion")))
                media_type, text = answers.get(path, ("application/json", b"{}"))
                handler.send_response(401 if path == "/v2/elsewhere" else 200 if path in answers else 404)
                handler.send_header("www-authenticate", 'Bearer realm="https://evil.example/token"')
                handler.send_header("content-type", media_type)
                handler.send_header("content-length", str(len(text)))
                handler.end_headers()
                handler.wfile.write(text)

        self._server = Quiet(("127.0.0.1", self.port), Handler)
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def stop(self):
        self._server.shutdown()
        self._server.server_close()
