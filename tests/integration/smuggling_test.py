"""Requests that two parsers could read in two ways, byte for byte: refused, the connection closed, nothing slips through."""

from support.case import GateCase
from support.net import Raw

SMUGGLED = "GET /v1/smuggled HTTP/1.1\r\nHost: billing.test\r\nAuthorization: Bearer {token}\r\n\r\n"
BODY = "0\r\n\r\n" + SMUGGLED


def post(*headers, body=BODY, line="POST /v1/first HTTP/1.1", host="Host: billing.test"):
    return "\r\n".join([line, *([host] if host else []), "Authorization: Bearer {token}", *headers]) + "\r\n\r\n" + body


def get(path="/v1/first", version="HTTP/1.1", host="Host: billing.test", headers=(), body=SMUGGLED):
    return post(*headers, line=f"GET {path} {version}".rstrip(), host=host, body=body)


# What breaks the head: the first request must not reach the upstream either.
HEADS = {
    "both lengths": post("Content-Length: 6", "Transfer-Encoding: chunked"),
    "both lengths, other order": post("Transfer-Encoding: chunked", "Content-Length: 6"),
    "two different lengths": post("Content-Length: 5", "Content-Length: 6"),
    "two equal lengths": post("Content-Length: 5", "Content-Length: 5"),
    "a list of lengths": post("Content-Length: 5, 5"),
    "a signed length": post("Content-Length: +5"),
    "a negative length": post("Content-Length: -5"),
    "a hexadecimal length": post("Content-Length: 0x5"),
    "a length with a space": post("Content-Length: 5 5"),
    "an overflowing length": post("Content-Length: 18446744073709551621"),
    "an empty length": post("Content-Length:"),
    "a coding after chunked": post("Transfer-Encoding: chunked, identity"),
    "a coding before chunked": post("Transfer-Encoding: gzip, chunked"),
    "identity": post("Transfer-Encoding: identity"),
    "an unknown coding": post("Transfer-Encoding: xchunked"),
    "chunked twice": post("Transfer-Encoding: chunked, chunked"),
    "two transfer-encodings": post("Transfer-Encoding: chunked", "Transfer-Encoding: identity"),
    "chunked with a parameter": post("Transfer-Encoding: chunked;q=1"),
    "chunked in quotes": post('Transfer-Encoding: "chunked"'),
    "chunked after a vertical tab": post("Transfer-Encoding: \x0bchunked"),
    "chunked of HTTP/1.0": post("Transfer-Encoding: chunked", line="POST /v1/first HTTP/1.0"),
    "an encoding with an underscore": post("Transfer_Encoding: chunked", "Content-Length: 0", body=SMUGGLED),
    "a length with an underscore": post("Content_Length: 7", "Content-Length: 0", body=SMUGGLED),
    "a space before the colon": post("Transfer-Encoding : chunked"),
    "a folded line": post("X-A: b", " Transfer-Encoding: chunked"),
    "a folded first line": "POST /v1/first HTTP/1.1\r\n X: y\r\nHost: billing.test\r\n\r\n" + SMUGGLED,
    "a folded encoding": post("Transfer-Encoding:", " chunked"),
    "a line ended by LF": post("Content-Length: 0").replace("\r\n", "\n"),
    "one line ended by LF": post("X-A: b\nTransfer-Encoding: chunked"),
    "a bare CR": post("X-A: b\rTransfer-Encoding: chunked"),
    "CR CR LF": post("X-A: b\r"),
    "a NUL in a value": post("X-A: b\x00c"),
    "a control character in a value": post("X-A: b\x01c"),
    "a NUL in a name": post("X\x00A: b"),
    "a name with a space": post("X A: b"),
    "a line without colon": post("X-A"),
    "an empty name": post(": b"),
    "a name with high bytes": post("X-\xe9: b"),
    "two hosts": get(headers=["Host: other.test"]),
    "two equal hosts": get(headers=["Host: billing.test"]),
    "no host": get(host=None),
    "an empty host": get(host="Host:"),
    "a host with userinfo": get(host="Host: x@billing.test"),
    "a host with a path": get(host="Host: billing.test/x"),
    "a host with a space": get(host="Host: billing.test x"),
    "a list of hosts": get(host="Host: billing.test, other.test"),
    "a host with a bad port": get(host="Host: billing.test:80x"),
    "an absolute form of another host": get("http://other.test/v1/first"),
    "an absolute form with userinfo": get("http://x@billing.test/v1/first"),
    "an absolute form of another scheme": get("gopher://billing.test/v1/first"),
    "an asterisk for GET": get("*"),
    "a target without slash": get("v1/first"),
    "two spaces in the request line": get(" /v1/first"),
    "a tab in the request line": get().replace("GET /v1", "GET\t/v1"),
    "no version": get(version=""),
    "HTTP/2.0": get(version="HTTP/2.0"),
    "HTTP/1.9x": get(version="HTTP/1.9x"),
    "http/1.1": get(version="http/1.1"),
    "HTTP/01.1": get(version="HTTP/01.1"),
    "a high byte in the target": get("/v1/\xe9"),
    "a NUL in the target": get("/v1/\x00"),
    "a fragment": get("/v1/first#x"),
    "a method with a bad character": get().replace("GET", "G[T", 1),
    "an unknown expectation": post("Expect: 200-maybe", "Content-Length: 0"),
    "a TLS hello": "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + SMUGGLED,
    "half of the HTTP/2 preface": "PRI * HTTP/2.0\r\n\r\n" + SMUGGLED,
    "too long a line": get("/v1/" + "a" * 20000),
    "too many headers": get(headers=[f"X-{n}: y" for n in range(200)]),
    "too large a header": get(headers=["X-A: " + "b" * 100000]),
}

# What breaks the body: the first request may have begun to reach the upstream, whatever follows must not.
CHUNKED = "Transfer-Encoding: chunked"
BODIES = {
    "a chunk size with 0x": post(CHUNKED, body="0x5\r\nhello\r\n" + BODY),
    "a signed chunk size": post(CHUNKED, body="+5\r\nhello\r\n" + BODY),
    "a negative chunk size": post(CHUNKED, body="-1\r\n" + BODY),
    "an overflowing chunk size": post(CHUNKED, body="10000000000000005\r\nhello\r\n" + BODY),
    "an empty chunk size": post(CHUNKED, body="\r\nhello\r\n" + BODY),
    "a space before the chunk size": post(CHUNKED, body=" 5\r\nhello\r\n" + BODY),
    "a chunk size ended by LF": post(CHUNKED, body="5\nhello\r\n" + BODY),
    "an extension with LF": post(CHUNKED, body="5;a\nb\r\nhello\r\n" + BODY),
    "chunk data ended by LF": post(CHUNKED, body="5\r\nhello\n" + BODY),
    "chunk data longer than said": post(CHUNKED, body="5\r\nhelloX\r\n" + BODY),
    "a last chunk ended by LF": post(CHUNKED, body="0\n\n" + SMUGGLED),
    "a folded trailer": post(CHUNKED, body="0\r\nX: y\r\n z\r\n\r\n" + SMUGGLED),
    "a trailer without colon": post(CHUNKED, body="0\r\nX\r\n\r\n" + SMUGGLED),
    "a credential as trailer": post(CHUNKED, body="0\r\nAuthorization: Bearer x\r\n\r\n" + SMUGGLED),
    "a length as trailer": post(CHUNKED, body="0\r\nContent-Length: 5\r\n\r\n" + SMUGGLED),
    "too large a trailer": post(CHUNKED, body="0\r\nX: " + "y" * 100000 + "\r\n\r\n" + SMUGGLED),
}

# Well-formed, but the path could mean another resource to the backend.
PATHS = ["/v1/../admin", "/v1/./x", "/v1//x", "//v1/x", "/v1/%2e%2e/admin", "/v1/%2E/x", "/v1/..%2fadmin", "/v1%2fx", "/v1/%5cx",
         "/v1/\\x", "/v1/%00", "/v1/x%0d%0aX:%20y", "/v1/%", "/v1/%zz", "/v1/.."]


class Smuggling(GateCase):
    def setUp(self):
        self.token = self.gate.access(self.issuer)

    def send(self, port, text):
        """What comes back until the gate closes the connection."""
        with Raw(port, timeout=8) as raw:
            try:
                raw.send(text.replace("{token}", self.token))
            except (BrokenPipeError, ConnectionResetError):
                pass  # refused before all was sent
            return raw.read_all()

    cases = 0

    def check(self, port, cases, first_may_arrive):
        for name, text in cases.items():
            with self.subTest(name):
                # A path of its own: what an earlier case sent may reach the upstream's notes late.
                Smuggling.cases += 1
                first = f"/v1/first-{Smuggling.cases}"
                self.upstream.seen.clear()
                answer = self.send(port, text.replace("/v1/first", first))
                self.assertRegex(answer, rb"^HTTP/1\.1 4\d\d ")
                self.assertEqual(answer.count(b"HTTP/1.1 "), 1, answer)
                paths = [seen.path for seen in self.upstream.seen]
                arrived = {path for path in paths if path == first or not path.startswith("/v1/first-")}
                self.assertLessEqual(arrived, {first} if first_may_arrive else set())

    def test_an_ambiguous_head_is_refused_and_the_connection_closed(self):
        self.check(self.gate.gateway, HEADS, first_may_arrive=False)

    def test_a_broken_body_ends_the_connection(self):
        self.check(self.gate.gateway, BODIES, first_may_arrive=True)

    def test_the_token_endpoint_is_as_strict(self):
        self.check(self.gate.api, HEADS, first_may_arrive=False)
        self.check(self.gate.api, {name: text.replace("/v1/first", "/oauth/token") for name, text in BODIES.items()}, False)

    def test_an_ambiguous_path_is_refused_by_its_name(self):
        for path in PATHS:
            with self.subTest(path):
                self.upstream.seen.clear()
                reply = self.send(self.gate.gateway, get(path, headers=["Connection: close"], body=""))
                self.assertRegex(reply, rb"^HTTP/1\.1 40[04] ")
                self.assertRegex(reply, rb"path_ambiguous|http_malformed")
                self.assertEqual(self.upstream.seen, [])

    def test_what_looks_like_a_second_request_inside_a_body_is_body(self):
        inner = SMUGGLED.replace("{token}", self.token)
        for headers, body in (([f"Content-Length: {len(inner)}"], inner), ([CHUNKED], f"{len(inner):x}\r\n{inner}\r\n0\r\n\r\n")):
            for method in ("POST", "GET"):
                with self.subTest(method=method, headers=headers):
                    self.upstream.seen.clear()
                    self.send(self.gate.gateway, post("Connection: close", *headers, line=f"{method} /v1/first HTTP/1.1", body=body))
                    self.assertEqual([seen.path for seen in self.upstream.seen], ["/v1/first"])
                    self.assertEqual(self.upstream.last().body.decode(), inner)
