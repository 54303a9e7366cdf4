"""Requests for the differential test, of a fixed seed: plain ones, and each hostile in one or two ways."""

import dataclasses
import random

BILLING, OTHER, GATE, ORDERS, LIVE = b"billing.test", b"other.test", b"gate.test", b"orders.test", b"live.test"
PLACES = [
    (BILLING, [b"/v1/invoices", b"/v1/invoices/42", b"/v1/keys/7", b"/", b"/v2/reports/a", b"/v1/%C3%BC/x~y", b"/v1/a+b,c=d@e:f!$&'()*"]),
    (OTHER, [b"/v1/invoices", b"/any/thing"]),
    (GATE, [b"/docs", b"/docs/", b"/docs/v1/x", b"/docs/inner/v1/x", b"/docs/inner", b"/docs-old/x", b"/elsewhere", b"/"]),
    (ORDERS, [b"/acme.orders.v1.Orders/Get", b"/acme.orders.v1.Orders/GetAll", b"/acme.orders.v1.Admin/Wipe", b"/acme.orders.v1.Orders"]),
    (LIVE, [b"/v1/listen", b"/v1/listen/a", b"/v1/x"]),
]
QUERIES = [b"", b"", b"?", b"?a=1", b"?a=1&a=2;b", b"?path=/../admin", b"?x=%2e%2e%2f%00%zz", b"?a?b", b"?/../x//y", b"?a=\\", b"?a|b", b"?a=\"b\"", b"?a=<b>", b"?\xff"]
METHODS = [b"GET"] * 4 + [b"HEAD", b"POST", b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS"]
ODD_METHODS = [b"get", b"Get", b"pOST", b"TRACE", b"CONNECT", b"PROPFIND", b"PURGE", b"FOO", b"M-SEARCH", b"G[T", b"G T", b"PRI", b"DELETE_", b"X" * 300]
SEGMENTS = [b".", b"..", b"...", b"", b"%2e", b"%2E%2e", b".%2e", b"%2e.", b"..;", b"..;x=1", b"x;y=1", b"%3b", b"x%2fy", b"..%2f", b"..%2F..",
            b"%5c", b"..%5c..", b"\\", b"..\\..",
            b"%00", b"x%00.txt", b"%252e%252e", b"%252f", b"%25", b"%c0%ae", b"%c0%af", b"%e0%80%af", b"\xff", b"\xc3\xbc", b"%ff", b"%ed%a0%80",
            b"%0d%0a", b"%09", b"%", b"%2", b"%zz", b"%u002e",
            b"%20", b"%3f", b"%23", b"%7e", b"%41", b"*", b"~", b"&", b"|", b"^", b"`", b"{x}", b"[x]", b"\"", b"<x>", b"%7Bx%7D", b"%7bx", b" ",
            b"\t", b"\x01", b"\x7f", b"#", b"#x", b"x#/../y", b":80", b"@", b"..%01"]
TARGETS = [b"*", b"v1/invoices", b"", b"//", b"///v1", b"/..", b"/.", b"/%2e", b"/%2f", b"//billing.test/v1", b"/v1/" + b"a" * 7000,
           b"/v1/" + b"a" * 9000, b"/v1" + b"/a" * 20000,
           b"/v1/" + b"%61" * 2600, b"?a", b"#", b"http:/v1", b"http://", b"http:///v1/x", b"billing.test:80", b"javascript:x", b"/v1/x y", b"/http://other.test/v1",
           b"/\\other.test/v1", b"/v1/invoices/../../docs/v1", b"/docs/../v1/invoices", b"/docs/%2e%2e/v1", b"/docs//v1", b"/Docs/v1", b"/%64ocs/v1",
           b"/docs%2fv1", b"/docs;a/v1", b"/docs/inner/../x",
           b"/docs/./inner/v1", b"/docs/inner%2fv1", b"/docs/%69nner/v1", b"/docs\\inner/v1", b"/docs%20/v1", b"/docs./v1", b"/docs/x/../inner/v1"]
ABSOLUTE = [b"http://%s%s", b"HTTP://%s%s", b"https://%s%s", b"http://%s:80%s", b"http://other.test%.0s%s", b"http://unknown.test%.0s%s",
            b"http://u@%s%s", b"ftp://%s%s", b"ws://%s%s"]
HOSTS = [b"BILLING.test", b"Billing.Test:443", b"%s:80", b"%s:0", b"%s:65536", b"%s:", b"%s:8o", b"%s.", b"%s..", b"www.%s", b"%s.evil.test", b"",
         b" ", b"u@%s", b"%s/x", b"%s,other.test",
         b"%s other.test", b"%s\t", b"%s\x00", b"%s#", b"%s?x", b"unknown.test", b"127.0.0.1", b"[::1]", b"[::1", b"*", b"%62illing.test",
         b"b\xc3\xbclling.test", b"billing_test", b"-", b"a" * 300,
         b"localhost", b"gate.test", b"gate.test:99", b"other.test", b"\xff"]
FORGED = [(b"watchword-assertion", b"forged"), (b"X-Watchword-Role", b"root"), (b"x-forwarded-for", b"6.6.6.6"), (b"X-Forwarded-Host", b"evil.test"),
          (b"x-forwarded-proto", b"https"),
          (b"x-real-ip", b"6.6.6.6"), (b"forwarded", b"for=6.6.6.6;host=evil"), (b"X-Remote-User", b"root"), (b"impersonate-user", b"root"),
          (b"x-user", b"root"), (b"x-original-url", b"/v1/keys/7"),
          (b"x-rewrite-url", b"/admin"), (b"X-HTTP-Method-Override", b"DELETE"), (b"x-method-override", b"DELETE"),
          (b"x-envoy-original-path", b"/admin"), (b"x-envoy-original-host", b"evil.test"),
          (b"x-envoy-retry-on", b"5xx"), (b"x-envoy-internal", b"true"), (b"x-envoy-external-address", b"6.6.6.6"),
          (b"x-envoy-decorator-operation", b"x"), (b"x-envoy-upstream-rq-timeout-ms", b"1"),
          (b"x-envoy-force-trace", b"1"), (b"x-request-id", b"mine-1"), (b"x-request-id", b"bad id"), (b"x-client-trace-id", b"abc"),
          (b"traceparent", b"00-" + b"a" * 32 + b"-" + b"b" * 16 + b"-01"),
          (b"traceparent", b"00-" + b"0" * 32 + b"-zz"), (b"tracestate", b"a=b"), (b"dpop", b"x.y.z"), (b"x-access-token", b"t"),
          (b"x-id-token", b"t"), (b"client-cert", b":x:"), (b"ssl-client-verify", b"SUCCESS"),
          (b"x-forwarded-client-cert", b"By=x"), (b"true-client-ip", b"6.6.6.6"), (b"cf-connecting-ip", b"6.6.6.6"), (b"x-host", b"evil.test"),
          (b"x-forwarded-prefix", b"/x"), (b"x-forwarded-port", b"1"),
          (b"x-forwarded-scheme", b"https"), (b"x-b3-traceid", b"a" * 32), (b"proxy-authorization", b"Bearer x"), (b"proxy", b"http://evil.test"),
          (b"x-ext-authz-x", b"1"), (b"x-envoy-auth-headers-to-remove", b"host")]
PLAIN = [(b"x-mine", b"kept"), (b"X-Mine", b"a, b"), (b"accept", b"*/*"), (b"user-agent", b""), (b"cookie", b"a=b; c=d"), (b"cookie", b"e=f"),
         (b"accept-encoding", b"gzip"), (b"range", b"bytes=0-1"),
         (b"referer", b"http://x/"), (b"content-type", b"application/json"), (b"content-type", b"application/grpc"),
         (b"content-type", b"application/grpc+proto"), (b"origin", b"null"), (b"via", b"1.1 x"),
         (b"max-forwards", b"0"), (b"te", b"trailers"), (b"te", b"gzip"), (b"trailer", b"x-sum"), (b"keep-alive", b"timeout=5"), (b"date", b"x"),
         (b"server", b"x"), (b"x-empty", b"")]
ODD = [(b"x_watchword_role", b"root"), (b"content_length", b"0"), (b"x-mine", b"\x80\xff"), (b"x-mine", b"a\tb"), (b"x-mine", b"  pad  "),
       (b"x-mine", b"a" * 8000), (b"x-mine", b"a" * 33000), (b"x-mine", b"a\x01b"), (b"x-mine", b"a\x7fb"),
       (b"x-mine", b"a\x00b"), (b"x-mine", b"a\rb"), (b"x-mine", b"a\nx-evil: b"), (b"x mine", b"a"), (b"x-mine ", b"a"), (b"x\x80", b"a"),
       (b"", b"a"), (b"x(y)", b"a"), (b"x@y", b"a"), (b"x.y!#$%&'*+^`|~", b"a"), (b":path", b"/admin"),
       (b":authority", b"other.test"), (b":x", b"a"), (b"host", b"other.test"), (b"expect", b"100-continue"), (b"expect", b"other"),
       (b"content-length", b"+0"), (b"content-length", b"0, 0"), (b"transfer-encoding", b"gzip"),
       (b"http2-settings", b"AAMAAABkAAQAAP__"), (b"x-mine", b"a\r\n folded"), (b"x-mine", b"a\r\n\tfolded"), (b"x-forwarded-for", b"1.2.3.4\r\n x")]
NOMINATED = [b"x-mine", b"x-mine, close", b"close", b"keep-alive", b"authorization", b"watchword-assertion", b"x-forwarded-for",
             b"x-request-id, traceparent", b"host", b"content-length", b"cookie, x-mine", b"te", b"@", b",", b"", b"upgrade", b"x mine"]
UPGRADES = [b"h2c", b"websocket", b"WebSocket", b"websocket, h2c", b"foo/2", b"TLS/1.0"]
# By number, which makes them HTTP/2: what chance brings too seldom.
RARE = {5: (b"http2-settings", b"AAMAAABkAAQAAP__"), 10: (b"x-mine", b"  pad  "), 15: (b"host", b"other.test")}
HANDSHAKE = [(b"connection", b"Upgrade"), (b"upgrade", b"websocket"), (b"sec-websocket-version", b"13"), (b"sec-websocket-key", b"dGhlIHNhbXBsZSBub25jZQ==")]


@dataclasses.dataclass
class Case:
    number: int
    place: bytes  # the host it was made for
    method: bytes
    target: bytes
    hosts: list
    headers: list
    body: bytes = b""
    version: bytes = b"HTTP/1.1"
    newline: bytes = b"\r\n"
    alone: bool = False  # the connection is not used again
    http2: bool = False
    token: str = ""  # which one it carries
    traits: list = dataclasses.field(default_factory=list)  # what is hostile in it

    def raw(self):
        lines = [self.method + b" " + self.target + b" " + self.version, *(b"Host: " + host for host in self.hosts)]
        lines += [name + b": " + value for name, value in self.headers]
        return self.newline.join(lines) + self.newline * 2 + self.body

    def fields(self):
        """For HTTP/2; now and then with names in upper case, which it does not have."""
        pseudo = [(b":method", self.method), (b":scheme", b"http"), (b":path", self.target)]
        hosts = [(b":authority", host) for host in self.hosts]
        return pseudo + hosts + [(name.lower() if self.number % 35 else name, value) for name, value in self.headers]

    def values(self, name):
        """Of all headers of this name, with a comma between; None: there is none."""
        values = [value for key, value in self.headers if key.lower() == name]
        return b", ".join(values) if values else None


class Cases:
    """`tokens`: name -> token; "valid" and "none" are the most frequent."""

    def __init__(self, seed, tokens):
        self.random, self.tokens = random.Random(seed), tokens

    def make(self, number):
        if number in RARE:
            return Case(number, BILLING, b"GET", b"/v1/x", [BILLING], [(b"authorization", self.tokens["valid"]), RARE[number]], http2=True)
        choose = self.random.choice
        host, paths = choose(PLACES)
        case = Case(number, host, choose(METHODS), choose(paths) + choose(QUERIES[:8]), [host], [], http2=number % 5 == 0)
        if host == ORDERS and self.random.random() < 0.8:
            case.method, case.target = b"POST", choose(paths)
            case.headers.append((b"content-type", b"application/grpc"))
        self.give_token(case, "valid" if self.random.random() < 0.8 else choose(sorted(self.tokens)))
        if self.random.random() < 0.3:
            case.headers.append(choose(PLAIN))
        mutations = [self.path, self.path, self.path, self.whole_target, self.absolute, self.host, self.forged, self.forged, self.odd,
                     self.header_twice, self.nominated, self.method, self.upgrade, self.tokens_twice, self.shape]
        for mutation in self.random.sample(mutations, choose([0, 1, 1, 1, 2])):
            case.traits.append(mutation.__name__)
            mutation(case)
        if case.method in (b"POST", b"PUT", b"PATCH", b"post", b"pOST") and not case.values(b"content-length"):
            self.give_body(case)
        if case.http2:
            case.headers = [(name, value) for name, value in case.headers if b"\r\n" not in value]
        return case

    def give_token(self, case, name):
        case.token, token = name, self.tokens[name]
        if token:
            case.headers.append((b"Authorization", token))

    def give_body(self, case):
        body = self.random.choice([b"", b"x", b"hello" * 100])
        if case.http2 or self.random.random() < 0.7:
            case.headers.append((b"content-length", b"%d" % len(body)))
            case.body = body
        else:
            case.headers.append((b"Transfer-Encoding", b"chunked"))
            case.body = (b"%x\r\n%s\r\n" % (len(body), body) if body else b"") + b"0\r\n\r\n"

    def path(self, case):
        path, mark, query = case.target.partition(b"?")
        parts = path.split(b"/")
        at = self.random.randrange(1, len(parts) + 1) if len(parts) > 1 else 1
        for _ in range(self.random.choice([1, 1, 2])):
            parts.insert(at, self.random.choice(SEGMENTS))
        if self.random.random() < 0.3:  # a letter that needs no escape has one
            last = parts[-1] or b"a"
            parts[-1] = (b"%%%02x" if self.random.random() < 0.5 else b"%%%02X") % last[0] + last[1:]
        if self.random.random() < 0.3:
            mark, query = b"", self.random.choice(QUERIES)
        case.target = b"/".join(parts) + mark + query

    def whole_target(self, case):
        case.target = self.random.choice(TARGETS)

    def absolute(self, case):
        case.target = self.random.choice(ABSOLUTE) % (case.place, case.target)

    def host(self, case):
        host = self.random.choice(HOSTS)
        host = host % case.place if b"%s" in host else host
        case.hosts = self.random.choice([[host], [host], [host], [case.place, host], [host, case.place], [case.place] * 2, []])

    def forged(self, case):
        case.headers += self.random.sample(FORGED, self.random.choice([1, 2, 4]))

    def odd(self, case):
        case.headers.append(self.random.choice(ODD))
        case.alone = True

    def header_twice(self, case):
        name, value = self.random.choice(PLAIN + FORGED)
        case.headers += [(name, value), (name.upper() if not case.http2 else name, value + b"2")] + [(b"x-many", b"")] * self.random.choice([0, 0, 0, 110])

    def nominated(self, case):
        case.headers += [(b"Connection", self.random.choice(NOMINATED)), self.random.choice(PLAIN)]
        case.alone = True

    def method(self, case):
        case.method = self.random.choice(ODD_METHODS)
        case.alone = True

    def upgrade(self, case):
        case.alone = True
        if case.place == LIVE and self.random.random() < 0.7:
            case.method, case.target = b"GET", self.random.choice(PLACES[4][1])
            case.headers += HANDSHAKE[: self.random.choice([2, 4, 4, 4])]
        else:
            case.headers += [(b"Upgrade", self.random.choice(UPGRADES)), (b"Connection", self.random.choice([b"upgrade", b"close", b"Upgrade, HTTP2-Settings"]))]

    def tokens_twice(self, case):
        case.headers.append((self.random.choice([b"authorization", b"Authorization", b"dpop"]), self.tokens[self.random.choice(["valid", "other", "garbage"])]))

    def shape(self, case):
        case.alone = True
        versions = [b"HTTP/1.0", b"HTTP/1.0", b"HTTP/1.2", b"HTTP/2.0", b"http/1.1", b"HTTP/1.1 ", b""]
        case.version, case.newline = self.random.choice([*((version, b"\r\n") for version in versions), (b"HTTP/1.1", b"\n")])
