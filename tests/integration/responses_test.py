"""What of a backend's answer reaches the client: no header that the resource removes, and no secret that the gate injected."""

import base64
import http.server
import threading

from support.case import CertifiedHttps, GateCase
from support.gate import policy_for
from support.issuer import Quiet
from support.net import Raw, call, free_port

SECRET = "s3cr3t-" + "x" * 30 + "-t0ken"
BASIC = "Basic " + base64.b64encode(b"gate:p4ssword").decode()


class Echo:
    """Sends back the headers that it got, in its own headers and in a body that comes in pieces of `?piece=N` bytes."""

    def __init__(self):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.seen = {}
        self._server = Quiet(("127.0.0.1", self.port), self._handler())
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def stop(self):
        self._server.shutdown()
        self._server.server_close()

    def _handler(echo):
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            server_version, sys_version = "Leaky/1.0", ""

            def log_message(self, *_):
                pass

            def do_GET(self):
                echo.seen = {name.lower(): value for name, value in self.headers.items()}
                text = str(self.headers)
                self.send_response(200)
                self.send_header("X-Powered-By", "leaks")
                self.send_header("x-got", self.headers["x-key"])
                if self.path.startswith("/v1/gzip"):
                    self.send_header("content-encoding", "gzip")
                    self.send_header("content-length", "5")
                    self.end_headers()
                    self.wfile.write(b"12345")
                elif self.path.startswith("/v1/pieces"):
                    self.send_pieces(text.encode(), int(self.path.partition("=")[2]))
                else:
                    self.send_header("content-length", str(len(text)))
                    self.end_headers()
                    self.wfile.write(text.encode())

            def send_pieces(self, text, size):
                self.send_header("transfer-encoding", "chunked")
                self.end_headers()
                for start in range(0, len(text), size):
                    piece = text[start:start + size]
                    self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
                    self.wfile.flush()
                self.wfile.write(b"0\r\nx-powered-by: leaks\r\nx-sum: " + SECRET.encode() + b"\r\n\r\n")

        return Handler


class Responses(GateCase):
    @classmethod
    def policy(cls):
        cls.echo = Echo()
        cls.addClassCleanup(cls.echo.stop)
        for name, value in (("key", SECRET), ("basic", BASIC)):
            with open(cls.gate.path(name), "w") as file:
                file.write(value)
        inject = [{"header": "x-key", "prefix": "Bearer ", "secret": "file:" + cls.gate.path("key")},
                  {"header": "authorization", "secret": "file:" + cls.gate.path("basic")}]
        policy = policy_for(cls.echo.url, inject=inject, response={"remove_headers": ["Server", "x-powered-by"], "redact": True})
        policy["resources"]["plain"] = {"http": {"upstream": cls.echo.url, "host": "plain.test", "inject": inject},
                                        "actions": {"read": {"methods": ["GET"]}}}
        policy["roles"]["deploy"]["allow"].append("plain/read")
        return policy

    def setUp(self):
        self.token = self.gate.access(self.issuer)

    def test_nothing_that_was_injected_comes_back(self):
        self.assertIn(SECRET, self.gate.request("GET", "/v1/x", self.token, "plain.test").body.decode(), "the backend does leak it")
        whole = self.gate.request("GET", "/v1/x", self.token)
        self.assertEqual(whole.status, 200, whole.body)
        self.assertEqual(whole.headers["x-got"], "*" * len("Bearer " + SECRET))
        bodies = [whole.body] + [self.gate.request("GET", f"/v1/pieces?size={size}", self.token).body for size in (1, 7, 11, 1000)]
        for body in bodies:
            self.assertNotIn(SECRET, body.decode())
            self.assertNotIn(BASIC[6:], body.decode())
            self.assertIn("x-key: " + "*" * len("Bearer " + SECRET), body.decode())
            self.assertIn("watchword-assertion: ey", body.decode(), "and the rest is as it was")
        self.assertEqual(whole.headers["content-length"], str(len(whole.body)))

    def test_trailers_are_read_too(self):
        with Raw(self.gate.gateway) as client:
            request = f"GET /v1/pieces?size=99 HTTP/1.1\r\nhost: billing.test\r\nte: trailers\r\nauthorization: Bearer {self.token}\r\n\r\n"
            client.socket.sendall(request.encode())
            while not client.received.endswith(b"\r\n\r\n") or b"\r\n0\r\n" not in client.received:
                piece = client.socket.recv(65536)
                self.assertTrue(piece, client.received)
                client.received += piece
        text = client.received.decode()
        self.assertNotIn(SECRET, text)
        self.assertIn("x-sum: " + "*" * len(SECRET), text)
        self.assertNotIn("leaks", text)

    def test_the_answer_is_asked_for_in_a_form_that_can_be_read(self):
        self.gate.request("GET", "/v1/x", self.token, accept_encoding="gzip", range="bytes=0-5")
        self.assertEqual((self.echo.seen["accept-encoding"], self.echo.seen.get("range")), ("identity", None))
        self.assert_refused(self.gate.request("GET", "/v1/gzip", self.token), 502, "upstream_malformed")
        plain = self.gate.request("GET", "/v1/gzip", self.token, "plain.test", accept_encoding="gzip")
        self.assertEqual((plain.status, self.echo.seen["accept-encoding"]), (200, "gzip"))

    def test_headers_are_removed_where_the_resource_says_so(self):
        self.assertEqual({"server", "x-powered-by"} & set(self.gate.request("GET", "/v1/x", self.token).headers), set())
        plain = self.gate.request("GET", "/v1/x", self.token, "plain.test")
        self.assertEqual((plain.headers["x-powered-by"], plain.headers["server"]), ("leaks", "Leaky/1.0"))

    def test_a_secret_that_cannot_be_told_from_other_text_refuses_the_policy(self):
        with open(self.gate.path("key"), "w") as file:
            file.write("short")
        policy = policy_for(self.echo.url, inject=[{"header": "x-key", "secret": "file:" + self.gate.path("key")}], response={"redact": True})
        folder = self.gate.path("policy/billing.yaml")
        before = open(folder).read()
        self.gate.write(folder, policy)
        done = self.gate.cli("policy", "reload")
        self.gate.write(folder, before)
        with open(self.gate.path("key"), "w") as file:
            file.write(SECRET)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("too short", done.stdout + done.stderr)
        self.assertEqual(self.gate.cli("policy", "reload").returncode, 0)

    def test_without_tls_nobody_is_told_to_use_it(self):
        refused = self.gate.request("GET", "/v1/x")
        self.assertEqual((refused.status, refused.headers["cache-control"]), (401, "no-store"))
        self.assertNotIn("strict-transport-security", refused.headers)


class OverTls(CertifiedHttps, GateCase):
    def test_refusals_say_that_it_is_tls_from_now_on_and_are_not_stored(self):
        answers = [self.gate.request("GET", "/v1/x"), self.gate.request("GET", "/v1/x", host="nobody.test"),
                   call(self.gate.api, "GET", "/nowhere", tls=self.gate.tls), call(self.gate.api, "POST", "/oauth/token", tls=self.gate.tls),
                   call(self.gate.gateway, "GET", "/" + "x" * 9000, tls=self.gate.tls)]
        self.assertEqual([one.status for one in answers], [401, 404, 404, 400, 431])
        for one in answers:
            self.assertEqual((one.headers["cache-control"], one.headers["strict-transport-security"]), ("no-store", "max-age=31536000"))

    def test_a_backends_answer_is_its_own(self):
        reply = self.gate.request("GET", "/v1/x", self.gate.access(self.issuer))
        self.assertEqual(reply.status, 200)
        self.assertEqual({"strict-transport-security", "cache-control"} & set(reply.headers), set())
