"""A backend that records what reaches it, and that misbehaves by path."""

import dataclasses
import http.server
import json
import ssl
import threading

from .issuer import Quiet
from .net import free_port


@dataclasses.dataclass
class Seen:
    method: str
    path: str
    headers: list  # (name in lower case, value), in order
    size: int = 0  # of the body
    body: bytes = b""  # its first 64 kB
    trailers: list = dataclasses.field(default_factory=list)

    def header(self, name):
        return next((value for key, value in self.headers if key == name), None)


class Upstream:
    """/v1/echo answers what it saw; /v1/hang does not answer before release(); /v1/garbage and /v1/cut break HTTP, /v1/more sends an answer
    too many;    /v1/bytes/N streams N bytes; everything else is 200 "ok". `certificate`: (cert, key) files for TLS; `client_ca`: and
    clients must show a certificate of it."""

    def __init__(self, certificate=None, client_ca=None):
        self.port = free_port()
        self.seen = []
        self.streamed = 0  # bytes of /v1/bytes/N that the other side has taken, all together
        self.hanging = threading.Semaphore(0)  # one for each request that has arrived at /v1/hang
        self.sent_more = threading.Semaphore(0)  # one for each answer too many
        self._release = threading.Event()
        self._server = Quiet(("127.0.0.1", self.port), self._handler())
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            if client_ca:
                context.load_verify_locations(client_ca)
                context.verify_mode = ssl.CERT_REQUIRED
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self.url = f"http{'s' if certificate else ''}://127.0.0.1:{self.port}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def release(self):
        self._release.set()

    def stop(self):
        self.release()
        self._server.shutdown()
        self._server.server_close()

    def last(self):
        return self.seen[-1]

    def _handler(upstream):
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def answer(self):
                seen = Seen(self.command, self.path, [(k.lower(), v) for k, v in self.headers.items()])
                upstream.seen.append(seen)
                self.read_body(seen)
                if self.path == "/v1/hang":
                    upstream.hanging.release()
                    upstream._release.wait(60)
                if self.path == "/v1/garbage":
                    self.wfile.write(b"SSH-2.0-OpenSSH_9.2\r\n\r\n\r\n")
                    self.close_connection = True
                elif self.path == "/v1/cut":
                    self.wfile.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nonly this")
                    self.close_connection = True
                elif self.path == "/v1/more":
                    self.send_text(b"ok")
                    self.wfile.write(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil")
                    upstream.sent_more.release()
                elif self.path.startswith("/v1/bytes/"):
                    self.send_bytes(int(self.path.rsplit("/", 1)[1]))
                elif self.path == "/v1/trailers":
                    self.send_trailers()
                elif self.path == "/v1/echo":
                    self.send_text(json.dumps(seen.headers).encode())
                else:
                    self.send_text(b"ok")

            do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = answer

            def send_text(self, text):
                self.send_response(200)
                self.send_header("content-length", str(len(text)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(text)

            def send_bytes(self, left):
                self.send_response(200)
                self.send_header("content-length", str(left))
                self.end_headers()
                if self.command == "HEAD":
                    return
                block = b"x" * 65536
                while left > 0:
                    self.wfile.write(block[:left])
                    upstream.streamed += len(block[:left])
                    left -= len(block)

            def send_trailers(self):
                self.send_response(200)
                self.send_header("transfer-encoding", "chunked")
                self.send_header("trailer", "x-sum")
                self.end_headers()
                self.wfile.write(b"5\r\nhello\r\n6\r\n world\r\n0\r\nx-sum: 11\r\n\r\n")

            def read_body(self, seen):
                def take(count):
                    while count > 0:
                        piece = self.rfile.read(min(count, 65536))
                        if not piece:
                            return
                        seen.size += len(piece)
                        seen.body += piece[: 65536 - len(seen.body)]
                        count -= len(piece)

                if (self.headers.get("transfer-encoding") or "").lower() != "chunked":
                    return take(int(self.headers.get("content-length") or 0))
                while size := int(self.rfile.readline().split(b";")[0], 16):
                    take(size)
                    self.rfile.readline()
                while (line := self.rfile.readline().strip()):
                    name, _, value = line.decode().partition(":")
                    seen.trailers.append((name.lower(), value.strip()))

        return Handler
